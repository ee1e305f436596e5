import type { Browser, Page } from "playwright-core";

export interface Look {
  readonly name: string;
  readonly width: number;
  readonly scheme?: "light" | "dark";
  readonly print?: boolean;
}

/** A page as one reader sees it, and all that it asked for or complained about. */
export interface Sheet extends AsyncDisposable {
  readonly page: Page;
  readonly requests: readonly string[];
  readonly complaints: readonly string[];
}

/** Opens `url` as that reader sees it. */
export async function openSheet(browser: Browser, url: string, look: Look): Promise<Sheet> {
  const { width, scheme = "light", print = false } = look;
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
  const requests: string[] = [];
  const complaints: string[] = [];
  page.on("request", (request) => requests.push(request.url()));
  page.on("console", (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on("pageerror", (error) => complaints.push(error.message));
  if (print) await page.emulateMedia({ media: "print" });
  await page.goto(url);
  return { page, requests, complaints, [Symbol.asyncDispose]: () => page.close() };
}

/** What sticks out to the right of the page, or of a box that cannot be scrolled. */
export function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(`(() => {
    const clipped = [...document.querySelectorAll("body, body *:not(svg *)")].filter((one) => {
      const { right } = one.getBoundingClientRect();
      const scrolls = one.closest(".scroll");
      const inside = scrolls && getComputedStyle(scrolls).overflowX === "auto";
      return right > document.documentElement.clientWidth + 1 && !inside;
    });
    const page = document.documentElement.scrollWidth > document.documentElement.clientWidth ? ["the page"] : [];
    return [...page, ...clipped.map((one) => one.tagName + "." + one.className)];
  })()`);
}

/** The lightness of the paper, 0 to 255. */
export function paperOf(page: Page): Promise<number> {
  return page.evaluate(`(() => {
    const parts = getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number);
    return (parts[0] + parts[1] + parts[2]) / 3;
  })()`);
}
