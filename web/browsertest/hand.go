package browsertest

import (
	"fmt"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// Click clicks on the first element of a CSS selector, once it is visible. A live page may
// replace the element meanwhile; then the new one is clicked.
func (t *Tab) Click(selector string) {
	t.tb.Helper()
	var err error
	for range 5 {
		err = t.try(chromedp.Click(selector, chromedp.ByQuery, chromedp.NodeVisible))
		if err == nil || !strings.Contains(err.Error(), "Could not find node") {
			break
		}
	}
	require.NoError(t.tb, err)
}

// Submit clicks on an element that leads to another page, and waits until that is loaded.
func (t *Tab) Submit(selector string) {
	t.tb.Helper()
	t.leave(func() { t.Click(selector) })
}

// leave waits, after f, until another page is loaded.
func (t *Tab) leave(f func()) {
	t.tb.Helper()
	Eval[bool](t, "window.browsertestHere = true")
	f()
	t.Until("!window.browsertestHere && document.readyState === 'complete'")
}

// Fill types a text into a field in place of its value.
func (t *Tab) Fill(selector, text string) {
	t.tb.Helper()
	t.Run(chromedp.WaitVisible(selector, chromedp.ByQuery))
	Eval[string](t, fmt.Sprintf("document.querySelector(%q).value = ''", selector))
	t.Run(chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// maxTabs is how many elements of a page a person would pass with the keyboard.
const maxTabs = 200

// Reach moves the focus with the tab key alone to the first element of a selector that it
// comes to. It fails if there is none, or if the focus is not visible there.
func (t *Tab) Reach(selector string) {
	t.tb.Helper()
	for range maxTabs {
		t.Run(chromedp.KeyEvent(kb.Tab))
		if Eval[bool](t, fmt.Sprintf("document.activeElement.matches(%q)", selector)) {
			require.True(t.tb, Eval[bool](t, visibleFocus), "the focus on %s is not visible", selector)
			return
		}
	}
	require.Failf(t.tb, "not reached", "%s by the tab key", selector)
}

// visibleFocus tells whether the focused element has an outline, or is shown as focused otherwise.
const visibleFocus = `(s => s.outlineStyle !== 'none' && s.outlineWidth !== '0px' || s.boxShadow !== 'none')(getComputedStyle(document.activeElement))`

// Keys presses keys, or types a text, at the focus.
func (t *Tab) Keys(keys string) {
	t.tb.Helper()
	t.Run(chromedp.KeyEvent(keys))
}

// Enter presses the enter key at the focus, which leads to another page.
func (t *Tab) Enter() {
	t.tb.Helper()
	t.leave(func() { t.Keys(kb.Enter) })
}
