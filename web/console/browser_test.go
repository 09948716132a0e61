package console

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// visit returns a tab of a person who has signed in, at the address of a console.
func visitor(t *testing.T, w *world, secret string) (*browsertest.Tab, string) {
	t.Helper()
	at := serve(t, w).URL + Below
	tab := browsertest.Visit(t)
	tab.Go(at + "/sign-in")
	tab.Until("document.activeElement.name === 'secret'") // the page sets the focus, maybe after it is loaded
	tab.Keys(secret)
	tab.Enter()
	return tab, at
}

// TestEveryPageIsSoundInABrowser looks at every page, full and empty, light and dark, wide
// and narrow. With AMENDS_SCREENSHOTS set to a folder it keeps a picture of each.
func TestEveryPageIsSoundInABrowser(t *testing.T) {
	t.Parallel()
	folder := os.Getenv("AMENDS_SCREENSHOTS")
	for name, w := range map[string]*world{"full": {}, "empty": {empty: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tab, at := visitor(t, w, nightSecret)
			for _, path := range append(everyPage(), "/sign-in") {
				if name == "empty" && strings.Contains(path, "/m1") {
					continue
				}
				tab.Check(at + path)
				require.NotEqual(t, "canary", browsertest.Eval[string](tab, "document.title"), path)
				for _, l := range browsertest.Looks {
					if folder != "" {
						tab.Look(l)
						file := strings.NewReplacer("/", "_", "?", "_", "&", "_").Replace(strings.SplitN(path, "&", 2)[0])
						tab.PNG(filepath.Join(folder, name+file+"-"+l.String()+".png"))
					}
				}
				tab.Look(browsertest.Looks[0])
			}
		})
	}
}

// TestAFlaggedOrderIsRepairedWithTheKeyboard: from the home page, in three actions, of
// which moving the focus is none.
func TestAFlaggedOrderIsRepairedWithTheKeyboard(t *testing.T) {
	t.Parallel()
	w := &world{}
	tab, _ := visitor(t, w, nightSecret)
	tab.Reach(`a[href$="/orders/` + flagged + `"]`)
	tab.Enter()
	tab.Until("document.activeElement.name === 'reason'") // the page sets the focus
	tab.Keys("the provider is back")
	tab.Enter()
	tab.Shows("settled")
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Len(t, w.repaired, 1)
	require.Equal(t, "the provider is back", *w.repaired[0].Reason)
	require.Empty(t, tab.Errors())
}

// TestADryRunIsSoundInABrowser: its page tells the effect, and keeps the form filled in,
// also while the order changes, so that one more press makes the request.
func TestADryRunIsSoundInABrowser(t *testing.T) {
	t.Parallel()
	w := &world{}
	tab, at := visitor(t, w, nightSecret)
	tab.Go(at + "/orders/" + flagged)
	tab.Until("document.activeElement.name === 'reason'")
	tab.Keys("the provider is back")
	tab.Submit("details[open] button[name=dry_run]")
	tab.Shows("nothing was changed")
	tab.Until("document.activeElement.name === 'reason'")
	require.Equal(t, "the provider is back", browsertest.Eval[string](tab, "document.activeElement.value"))
	for _, l := range browsertest.Looks {
		tab.Look(l)
		require.Empty(t, tab.Violations(), l.String())
		require.Empty(t, tab.Overflow(), l.String())
		if folder := os.Getenv("AMENDS_SCREENSHOTS"); folder != "" {
			tab.PNG(filepath.Join(folder, "tried-"+l.String()+".png"))
		}
	}
	require.Empty(t, w.repaired)
	tab.Submit("details[open] button.primary")
	tab.Shows("settled")
	require.Len(t, w.repaired, 1)
	require.Empty(t, tab.Errors())
}

// TestAPictureFollowsTheSaga: another person repairs the order, and the page shows it by
// itself, but never swaps a form in which a person writes.
func TestAPictureFollowsTheSaga(t *testing.T) {
	t.Parallel()
	w := &world{}
	tab, at := visitor(t, w, nightSecret)
	tab.Go(at + "/orders/" + flagged)
	tab.Shows("needs a person")
	tab.Until("document.activeElement.name === 'reason'")
	tab.Keys("I was about to")
	w.mu.Lock()
	w.repaired = append(w.repaired, repair("payment.authorize"))
	w.mu.Unlock()
	began := time.Now()
	tab.Until("document.querySelector('#picture-desc').textContent.includes('payment.authorize: done')")
	t.Logf("from the fact to the picture: %s", time.Since(began))
	require.Equal(t, "I was about to", browsertest.Eval[string](tab, "document.activeElement.value"), "the form stays")
	browsertest.Eval[bool](tab, "document.activeElement.value = ''; document.activeElement.blur(); true")
	tab.Until("document.querySelector('#order-deeds').hidden")
	require.Empty(t, tab.Errors())
}

// TestTheBarIsOneLine: the sign-out stands beside the name of the site, and on a wide page beside
// the links, also for a person with a long name.
func TestTheBarIsOneLine(t *testing.T) {
	t.Parallel()
	tab, _ := visitor(t, &world{}, nightSecret)
	const middle = `(s => (r => (r.top + r.bottom) / 2)(document.querySelector(s).getBoundingClientRect()))`
	for _, name := range []string{"night", "account a-person-with-a-long-name@operators.example.com"} {
		browsertest.Eval[string](tab, "document.querySelector('.who').textContent = '"+name+"'")
		for _, l := range browsertest.Looks {
			tab.Look(l)
			require.InDelta(t, browsertest.Eval[float64](tab, middle+"('.brand')"), browsertest.Eval[float64](tab, middle+"('.bar form button')"), 6, "%s, %s", name, l)
			if l.Width > 1000 {
				require.Less(t, browsertest.Eval[int](tab, "document.querySelector('.bar').offsetHeight"), 72, "%s, %s", name, l)
			}
			require.Empty(t, tab.Overflow(), "%s, %s", name, l)
		}
	}
}

// TestAReaderKeepsTheirPlace while the page changes: what was scrolled or opened stays as it is.
func TestAReaderKeepsTheirPlace(t *testing.T) {
	t.Parallel()
	w := &world{}
	tab, at := visitor(t, w, nightSecret)
	tab.Look(browsertest.Look{Width: 390})
	tab.Go(at + "/orders/" + flagged)
	tab.Click("#order-steps summary")
	browsertest.Eval[bool](tab, "document.activeElement.blur(); document.getElementById('picture-scroll').scrollLeft = 80; true")
	w.mu.Lock()
	w.repaired = append(w.repaired, repair("payment.authorize"))
	w.mu.Unlock()
	tab.Until("document.querySelector('#picture-desc').textContent.includes('payment.authorize: done')")
	require.True(t, browsertest.Eval[bool](tab, "document.getElementById('order-steps').open"))
	require.Equal(t, 80, browsertest.Eval[int](tab, "document.getElementById('picture-scroll').scrollLeft"))
}

// TestLoadShowsTheFateOfOrders without a reload.
func TestLoadShowsTheFateOfOrders(t *testing.T) {
	t.Parallel()
	w := &world{}
	tab, at := visitor(t, w, nightSecret)
	tab.Go(at + "/load")
	tab.Shows("flagged")
	w.mu.Lock()
	w.repaired = append(w.repaired, repair("payment.authorize"))
	w.mu.Unlock()
	tab.Until("!document.getElementById('newest-orders').innerText.includes('flagged')")
	require.Empty(t, tab.Errors())
}

// TestReadingNeedsNoScript: pages and forms work without.
func TestReadingNeedsNoScript(t *testing.T) {
	t.Parallel()
	tab, at := visitor(t, &world{}, nightSecret)
	tab.WithoutScripts()
	tab.Go(at + "/orders/" + flagged)
	require.Contains(t, tab.Text(), "Retry payment.authorize")
	require.True(t, browsertest.Eval[bool](tab, "document.querySelectorAll('svg.picture .box').length >= 8"))
}

// TestFirstPaint logs how soon each page is seen, and how much it weighs.
func TestFirstPaint(t *testing.T) {
	t.Parallel()
	tab, at := visitor(t, &world{}, nightSecret)
	for _, path := range everyPage() {
		tab.Go(at + path)
		c := tab.Cost()
		t.Logf("%-60s %6d bytes %4d ms", path[:min(60, len(path))], c.Bytes, c.Paint.Milliseconds())
		require.Less(t, c.Bytes, 100<<10, path)
	}
}
