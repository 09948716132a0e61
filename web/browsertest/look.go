package browsertest

import (
	"context"
	_ "embed"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/require"
)

// Look is how a page is looked at.
type Look struct {
	Width int // in CSS pixels
	Dark  bool
}

// Looks are those that every page is checked in; the first one is that of a new tab.
var Looks = []Look{{1280, false}, {1280, true}, {390, false}, {390, true}}

// String names the look.
func (l Look) String() string {
	if l.Dark {
		return fmt.Sprintf("%d-dark", l.Width)
	}
	return fmt.Sprintf("%d-light", l.Width)
}

const (
	height = 900
	narrow = 600 // a telephone is less wide
)

// Look has the tab look at pages in another way; the page stays.
func (t *Tab) Look(l Look) {
	t.tb.Helper()
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	t.Run(
		emulation.SetDeviceMetricsOverride(int64(l.Width), height, 1, l.Width < narrow),
		emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		}),
	)
}

// WithoutScripts turns off the scripts of pages that the tab opens from now on.
func (t *Tab) WithoutScripts() {
	t.tb.Helper()
	t.Run(emulation.SetScriptExecutionDisabled(true))
}

//go:embed testdata/axe.min.js
var axe string

// Violations returns the rules of accessibility that the page breaks, by axe, with the
// elements that break them.
func (t *Tab) Violations() []string {
	t.tb.Helper()
	if !Eval[bool](t, "typeof axe === 'object'") {
		t.Run(chromedp.Evaluate(axe, nil))
	}
	return Eval[[]string](t, `axe.run(document, {resultTypes: ['violations']}).then(r =>
		r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' (' + n.any.map(a => a.message).join('; ') + ')').join(', ')))`)
}

// Overflow returns the elements that stick out of the page to the right. One inside an element
// that scrolls does not.
func (t *Tab) Overflow() []string {
	t.tb.Helper()
	return Eval[[]string](t, `(() => {
		const wide = document.documentElement.clientWidth
		const held = e => e && (['auto', 'scroll', 'hidden', 'clip'].includes(getComputedStyle(e).overflowX) || held(e.parentElement))
		const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > wide + 1 && !held(e.parentElement))
			.map(e => e.tagName.toLowerCase() + '.' + e.className + ' to ' + Math.round(e.getBoundingClientRect().right))
		if (document.documentElement.scrollWidth > wide) out.push('the page to ' + document.documentElement.scrollWidth)
		return out
	})()`)
}

// Check requires that an address shows a sound page in every look: without violations of
// accessibility, overflow and errors.
func (t *Tab) Check(url string) {
	t.tb.Helper()
	t.Go(url)
	for _, l := range Looks {
		t.Look(l)
		require.Empty(t.tb, t.Violations(), "%s, %s", url, l)
		require.Empty(t.tb, t.Overflow(), "%s, %s", url, l)
	}
	t.Look(Looks[0])
	require.Empty(t.tb, t.Errors(), url)
}

// tallest is the height of a picture of a document, which shows what a reader sees first.
const tallest = 1100

// Screenshot writes a picture of the upper part of the page as WebP.
func (t *Tab) Screenshot(file string) {
	t.tb.Helper()
	t.picture(file, tallest, page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatWebp).WithQuality(60))
}

// PNG writes a picture of the whole page without loss.
func (t *Tab) PNG(file string) {
	t.tb.Helper()
	t.picture(file, math.MaxInt, page.CaptureScreenshot().WithFormat(page.CaptureScreenshotFormatPng))
}

func (t *Tab) picture(file string, most float64, shot *page.CaptureScreenshotParams) {
	t.tb.Helper()
	t.Run(chromedp.ActionFunc(func(ctx context.Context) error {
		_, _, _, _, _, size, err := page.GetLayoutMetrics().Do(ctx)
		if err != nil {
			return fmt.Errorf("measure the page of %s: %w", file, err)
		}
		whole := &page.Viewport{Width: size.Width, Height: min(size.Height, most), Scale: 1}
		picture, err := shot.WithCaptureBeyondViewport(true).WithClip(whole).Do(ctx)
		if err != nil {
			return fmt.Errorf("capture %s: %w", file, err)
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
			return err
		}
		return os.WriteFile(file, picture, 0o600)
	}))
}

// Cost is how much a page takes to be shown.
type Cost struct {
	Answer time.Duration // from the request to the end of the page, which is the share of the server
	Paint  time.Duration // from the start of the visit to the first content, drawn by the browser
	Bytes  int           // of the page and the files that it loads, as sent
}

// Cost returns that of the page, which was just opened.
func (t *Tab) Cost() Cost {
	t.tb.Helper()
	t.Until("performance.getEntriesByName('first-contentful-paint').length")
	c := Eval[struct{ Answer, Paint, Bytes float64 }](t, `({
		answer: (n => n.responseEnd - n.requestStart)(performance.getEntriesByType('navigation')[0]),
		paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
		bytes: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((n, e) => n + e.encodedBodySize, 0),
	})`)
	return Cost{Answer: duration(c.Answer), Paint: duration(c.Paint), Bytes: int(c.Bytes)}
}

func duration(millis float64) time.Duration { return time.Duration(millis * float64(time.Millisecond)) }
