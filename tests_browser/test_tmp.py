import sys; sys.path.insert(0,'/tmp/wt/browser/tests_browser')
from test_lab import *
from conftest import *
def test_shot(visit, lab):
    with visit() as page:
        run_all(page, lab, "04_beta_sweeps.ipynb")
        handle = page.locator(".noUi-handle"); 
        page.wait_for_function(LOADED, arg=4)
        print(page.locator(".widget-hbox").first.evaluate("e => e.outerHTML"))
        handle.scroll_into_view_if_needed()
        page.screenshot(path="/tmp/wt/lab1.png")
        handle.focus(); page.keyboard.press("ArrowRight"); page.keyboard.press("ArrowRight")
        page.wait_for_function("document.querySelector('[role=status]').textContent.includes('2.88')")
        print(page.locator("[role=status]").inner_text())
        print(page.locator(".widget-hbox").first.evaluate("e => e.outerHTML")[-900:])
