package browsertest

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// patience bounds one action in a browser, also on a loaded machine.
const patience = 2 * time.Minute

// Tab is a tab of a visitor's browser. Its methods fail the test if the browser does not do as
// they say within two minutes.
type Tab struct {
	tb  testing.TB
	ctx context.Context //nolint:containedctx // of the tab, which its methods share

	visitor cdp.BrowserContextID

	mu     sync.Mutex
	errors []string
}

// Visit returns the first tab of a new visitor, who has no cookies.
func Visit(tb testing.TB) *Tab {
	tb.Helper()
	shared := browser(tb)
	calls := cdp.WithExecutor(shared, chromedp.FromContext(shared).Browser)
	visitor, err := target.CreateBrowserContext().Do(calls)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = target.DisposeBrowserContext(visitor).Do(calls) }) // the browser may have ended
	return open(tb, visitor)
}

// Another returns another tab of the same visitor.
func (t *Tab) Another() *Tab {
	t.tb.Helper()
	return open(t.tb, t.visitor)
}

// open opens a tab in a window of its own: a hidden one is not drawn.
func open(tb testing.TB, visitor cdp.BrowserContextID) *Tab {
	tb.Helper()
	shared := browser(tb)
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(visitor).WithNewWindow(true).
		Do(cdp.WithExecutor(shared, chromedp.FromContext(shared).Browser))
	require.NoError(tb, err)
	ctx, cancel := chromedp.NewContext(shared, chromedp.WithTargetID(id))
	tb.Cleanup(cancel)
	t := &Tab{tb: tb, ctx: ctx, visitor: visitor}
	chromedp.ListenTarget(ctx, t.hear)
	require.NoError(tb, chromedp.Run(ctx)) // without a deadline: it would be that of the tab
	t.Look(Looks[0])
	return t
}

// hear keeps the errors of the tab's console.
func (t *Tab) hear(event any) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		t.keep("exception: " + e.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			t.keep("console: " + e.Type.String())
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && e.Entry.Source != log.SourceNetwork || e.Entry.Source == log.SourceSecurity {
			t.keep(e.Entry.Source.String() + ": " + e.Entry.Text)
		}
	}
}

func (t *Tab) keep(text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.errors = append(t.errors, text)
}

// Errors returns the errors of all pages so far: exceptions, messages in the console, and what
// the content policy of a page forbade. Statuses of answers are none.
func (t *Tab) Errors() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string{}, t.errors...)
}

// Run runs actions in the tab.
func (t *Tab) Run(actions ...chromedp.Action) {
	t.tb.Helper()
	require.NoError(t.tb, t.try(actions...))
}

func (t *Tab) try(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(t.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// Go opens an address, and waits until its page is loaded.
func (t *Tab) Go(url string) {
	t.tb.Helper()
	t.Run(chromedp.Navigate(url))
}

// Address returns the address of the page.
func (t *Tab) Address() (url string) {
	t.tb.Helper()
	t.Run(chromedp.Location(&url))
	return url
}

// Eval returns the value of an expression of JavaScript; a promise's is awaited.
func Eval[T any](t *Tab, expression string) (value T) {
	t.tb.Helper()
	t.Run(chromedp.Evaluate(expression, &value, func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	return value
}

// Text returns the text of the page as it is shown.
func (t *Tab) Text() string {
	t.tb.Helper()
	return Eval[string](t, "document.body.innerText")
}

// Until waits for a condition, an expression of JavaScript; pages may follow each other
// meanwhile.
func (t *Tab) Until(condition string) {
	t.tb.Helper()
	require.Eventually(t.tb, func() bool {
		var yes bool
		return t.try(chromedp.Evaluate("Boolean("+condition+")", &yes)) == nil && yes
	}, patience, 50*time.Millisecond, "%s, at %s", condition, present{t})
}

// present is the page that a tab shows when a message about it is written.
type present struct{ *Tab }

// String returns the address and the text of the page.
func (p present) String() string {
	var page string
	if err := p.try(chromedp.Evaluate("location.href + '\\n' + document.body?.innerText", &page)); err != nil {
		return err.Error()
	}
	return page
}

// Shows waits until the page shows a text.
func (t *Tab) Shows(text string) {
	t.tb.Helper()
	t.Until("document.body && document.body.innerText.includes('" + strings.ReplaceAll(text, "'", `\'`) + "')")
}
