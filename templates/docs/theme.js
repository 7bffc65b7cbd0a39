"use strict";
// Light and dark: as the system has it, until the button is used.
{
  const root = document.documentElement;
  // Pages that are opened as files may have nowhere to keep it.
  const kept = (value) => {
    try {
      if (value) localStorage.setItem("theme", value);
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  };
  const before = kept();
  if (before === "light" || before === "dark") root.dataset.theme = before;
  document.getElementById("-theme").addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    kept(root.dataset.theme);
  });
}
