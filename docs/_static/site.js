// Formulas, and figures on a phone, scroll where they are wider than the page: let the keyboard
// reach them. (The theme does the same for code and tables.)
function reachable() {
  for (const box of document.querySelectorAll('mjx-container[display="true"], .cell_output')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
window.addEventListener("load", () => {
  reachable();
  window.MathJax?.startup?.promise.then(reachable);
  window.addEventListener("resize", reachable);
});
