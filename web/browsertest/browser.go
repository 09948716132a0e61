// Package browsertest lets tests look at pages as people do: in a real browser, wide and
// narrow, light and dark, with keys alone. It finds the defects that a page's HTML does not
// show: violations of accessibility (axe), of the page's own content policy, and overflow.
//
// The tests of a package share one browser, see [Run]. Each test has visitors of its own, whose
// cookies no other visitor sees.
package browsertest

import (
	"context"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/chromedp/chromedp"
)

// binary is the browser. scripts/test.sh installs it.
const binary = "chromium"

var shared struct {
	once sync.Once
	ctx  context.Context //nolint:containedctx // of the browser, which outlives each test
	stop func()
	err  error
}

// Run runs the tests of a package, then closes their browser. Call it from TestMain.
func Run(m *testing.M) int {
	defer func() {
		if shared.stop != nil {
			shared.stop()
		}
	}()
	return m.Run()
}

// browser returns the context of the package's browser, which it starts for the first test.
// Without a browser the test is skipped, or fails if CI is true.
func browser(tb testing.TB) context.Context {
	tb.Helper()
	if _, err := exec.LookPath(binary); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("%s is missing: %v", binary, err)
		}
		tb.Skipf("%s is missing: %v", binary, err)
	}
	shared.once.Do(start)
	if shared.err != nil {
		tb.Fatalf("start %s: %v", binary, shared.err)
	}
	return shared.ctx
}

func start() {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(binary), chromedp.NoSandbox, // root has no sandbox
		chromedp.DisableGPU, chromedp.Flag("lang", "en"), chromedp.Flag("disable-lcd-text", true),
		chromedp.WSURLReadTimeout(patience),
	)
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	shared.ctx, shared.stop = ctx, func() { cancel(); release() } //nolint:fatcontext // one browser outlives the tests that share it
	shared.err = chromedp.Run(ctx)
}
