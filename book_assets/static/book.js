/* What scrolls sideways must be reachable by keyboard: wide equations, tables and code get a tab stop while they do. */
(function () {
  "use strict";
  const wide = ".bd-article div.math, .bd-article mjx-container, .bd-article pre, .bd-article .cell_output .output, .pst-scrollable-table-container";
  function mark() {
    for (const element of document.querySelectorAll(wide)) {
      const style = getComputedStyle(element).overflowX;
      const scrolls = element.scrollWidth > element.clientWidth + 1 && (style === "auto" || style === "scroll");
      if (scrolls) element.tabIndex = 0;
      else element.removeAttribute("tabindex");
    }
  }
  addEventListener("load", () => {
    const mathematics = window.MathJax && window.MathJax.startup && window.MathJax.startup.promise;
    Promise.resolve(mathematics).then(() => {
      mark();
      new ResizeObserver(mark).observe(document.body);
    });
  });
})();
