// What scrolls sideways can be reached with the keyboard, and says what it is.
(() => {
  const mark = () => {
    for (const part of document.querySelectorAll(".md-typeset__scrollwrap, pre > code")) {
      const scrolls = part.scrollWidth > part.clientWidth;
      const label = part.tagName === "CODE" ? "Code" : "Table";
      for (const [name, value] of [["tabindex", "0"], ["role", "region"], ["aria-label", label]]) {
        if (scrolls) part.setAttribute(name, value);
        else part.removeAttribute(name);
      }
    }
  };
  addEventListener("load", mark);
  addEventListener("resize", mark);
})();
