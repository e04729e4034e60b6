// Light or dark, before anything is painted; no module, as modules wait for the whole page.
// What was chosen is remembered; until then the reader's system decides.
(() => {
  const KEY = "inkmint-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage can be forbidden
    }
  }

  function apply() {
    root.dataset.theme = chosen() ?? (system.matches ? "dark" : "light");
    dispatchEvent(new Event("themechange"));
  }

  function toggle() {
    const theme = root.dataset.theme === "dark" ? "light" : "dark";
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // It holds for this visit alone.
    }
    root.dataset.theme = theme;
    dispatchEvent(new Event("themechange"));
  }

  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    if (!button) return; // this page only follows
    const show = () => button.setAttribute("aria-pressed", String(root.dataset.theme === "dark"));
    button.addEventListener("click", toggle);
    addEventListener("themechange", show);
    show();
  });
  apply();
})();
