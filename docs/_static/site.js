// A formula that is wider than the page scrolls: let the keyboard reach it. (The theme does the same
// for code and tables.)
function reachable() {
  for (const box of document.querySelectorAll('mjx-container[display="true"]')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
window.addEventListener("load", () => {
  window.MathJax?.startup?.promise.then(reachable);
  window.addEventListener("resize", reachable);
});
