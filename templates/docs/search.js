// The search: what has all words that were typed stays. `?q=` in the address begins with it.
{
  const input = document.getElementById("-search");
  const found = document.getElementById("-found");
  const parts = [...document.querySelectorAll("section.part")].map((section) => ({ section, words: section.dataset.words }));
  const links = new Map([...document.querySelectorAll("nav li")].map((item) => [item.dataset.of, item]));
  const overview = document.getElementById("-overview");
  const search = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const { section, words } of parts) {
      const shown = wanted.every((word) => words.includes(word));
      section.hidden = !shown;
      const link = links.get(section.id);
      if (link) link.hidden = !shown;
      if (shown) count += 1;
    }
    overview.hidden = wanted.length > 0;
    document.getElementById("-nothing").hidden = count > 0 || wanted.length === 0;
    found.textContent = wanted.length > 0 ? `${count} of ${parts.length}` : "";
  };
  input.addEventListener("input", search);
  // A link to something that the search has hidden leads there all the same.
  addEventListener("hashchange", () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target && target.closest("[hidden]")) {
      input.value = "";
      search();
      target.scrollIntoView();
    }
  });
  addEventListener("keydown", (event) => {
    if (event.key === "/" && document.activeElement !== input) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = "";
      search();
    }
  });
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) {
    input.value = asked;
    search();
  }
}
