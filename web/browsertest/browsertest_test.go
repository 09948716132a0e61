package browsertest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/web/browsertest"
)

func TestMain(m *testing.M) { os.Exit(browsertest.Run(m)) }

// site serves a page at / under a policy, and others below it.
func site(t *testing.T, body string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'self'")
		if r.URL.Path != "/" {
			body = "<p>Another page"
		}
		_, _ = w.Write([]byte("<!doctype html><html lang=en><title>A page</title><meta name=viewport content='width=device-width'><link rel=icon href=/icon><main><h1>A page</h1>" + body + "</main></html>"))
	}))
	t.Cleanup(s.Close)
	return s.URL + "/"
}

func TestASoundPage(t *testing.T) {
	t.Parallel()
	url := site(t, "<p>A sentence.</p><a href='/next'>Go on</a>")
	tab := browsertest.Visit(t)
	tab.Go(url)
	require.Empty(t, tab.Violations())
	require.Empty(t, tab.Overflow())
	require.Contains(t, tab.Text(), "A sentence.")
	cost := tab.Cost()
	require.Positive(t, cost.Bytes)
	require.Positive(t, cost.Answer)
	require.Positive(t, cost.Paint)
	file := filepath.Join(t.TempDir(), "page.webp")
	tab.Screenshot(file)
	require.FileExists(t, file)
	tab.Reach("a")
	tab.Enter()
	require.Equal(t, url+"next", tab.Address())
	require.Empty(t, tab.Errors())
}

func TestDefectsAreFound(t *testing.T) {
	t.Parallel()

	t.Run("OfAccessibility", func(t *testing.T) {
		t.Parallel()
		tab := browsertest.Visit(t)
		tab.Go(site(t, "<input name=a><img src=/b>"))
		require.Len(t, tab.Violations(), 2)
	})
	t.Run("OfContrastInTheDark", func(t *testing.T) {
		t.Parallel()
		tab := browsertest.Visit(t)
		tab.Go(site(t, "<p>A sentence.</p>"))
		tab.Look(browsertest.Look{Width: 390, Dark: true})
		require.True(t, browsertest.Eval[bool](tab, "matchMedia('(prefers-color-scheme: dark)').matches"))
		require.Equal(t, 390, browsertest.Eval[int](tab, "innerWidth"))
	})
	t.Run("OfThePolicy", func(t *testing.T) {
		t.Parallel()
		tab := browsertest.Visit(t)
		tab.Go(site(t, "<script>document.title = 'other'</script>"))
		require.NotEmpty(t, tab.Errors())
		require.Equal(t, "A page", browsertest.Eval[string](tab, "document.title"))
	})
	t.Run("OfWidth", func(t *testing.T) {
		t.Parallel()
		tab := browsertest.Visit(t)
		tab.Go(site(t, "<svg width=1900 height=9></svg>"))
		require.NotEmpty(t, tab.Overflow())
	})
}

func TestVisitorsAreStrangers(t *testing.T) {
	t.Parallel()
	url := site(t, "")
	one := browsertest.Visit(t)
	one.Go(url)
	browsertest.Eval[string](one, "document.cookie = 'a=1'")
	same, other := one.Another(), browsertest.Visit(t)
	same.Go(url)
	other.Go(url)
	require.Equal(t, "a=1", browsertest.Eval[string](same, "document.cookie"))
	require.Empty(t, browsertest.Eval[string](other, "document.cookie"))
}
