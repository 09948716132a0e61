package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestBatchTellsTheEffectOnEachOrder(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged, confirmed, "unknown"}, "action": {"retry"}, "reason": {canary}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	text := p.get(path).text
	for _, words := range []string{" done</span>", " skipped</span>", " failed</span>", "settled: PENDING"} {
		require.Contains(t, text, words)
	}
	require.NotContains(t, text, "<script>document")
	require.NotContains(t, text, "Not kept")
	require.Len(t, w.repaired, 1)
}

// TestABatchOutlivesItsProcess: a console that knows nothing of a batch shows it, and a person who
// signs in there resumes it in their own name.
func TestABatchOutlivesItsProcess(t *testing.T) {
	t.Parallel()
	w := &world{}
	server := serve(t, w)
	p := signedIn(t, server, nightSecret)
	text := p.get("/batches/BATCH7").text
	for _, words := range []string{" interrupted</span>", "settled: CONFIRMED", "Nothing is lost", " waiting</span>", ">Resume</button>", ">Stop</button>"} {
		require.Contains(t, text, words)
	}
	require.Empty(t, w.repaired, "no one has resumed it")
	require.NotContains(t, signedIn(t, server, supportSecret).get("/batches/BATCH7").text, "Resume</button>")

	require.Equal(t, http.StatusSeeOther, p.send("/batches/BATCH7", "/batches/BATCH7", url.Values{"do": {"resume"}}).StatusCode)
	require.Eventually(t, func() bool { return strings.Contains(p.get("/batches/BATCH7").text, " over</span>") }, time.Minute, 10*time.Millisecond)
	require.Len(t, w.repaired, 1, "what was done is not done again")
	w.mu.Lock()
	defer w.mu.Unlock()
	orders := w.batches["BATCH7"].Orders
	require.Equal(t, []string{"ann", nightSecret}, []string{*orders[0].By, *orders[len(orders)-1].By})
}

// TestABatchStartsWithoutTheUserService, which keeps lists, and says that its own ends with the process.
func TestABatchStartsWithoutTheUserService(t *testing.T) {
	t.Parallel()
	w := &world{journal: true}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged}, "action": {"retry"}, "reason": {"they are back"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	require.Contains(t, p.get(path).text, "Not kept")
	require.Len(t, w.repaired, 1)
}

func TestABatchCanBeTriedFirst(t *testing.T) {
	t.Parallel()
	w := &world{}
	p := signedIn(t, serve(t, w), nightSecret)
	a := p.send("/orders", "/batches", url.Values{"order": {flagged, confirmed}, "action": {"retry"}, "reason": {"why"}, "dry_run": {"yes"}})
	require.Equal(t, http.StatusSeeOther, a.StatusCode, a.text)
	path := strings.TrimPrefix(a.Header.Get("Location"), Below)
	require.Eventually(t, func() bool { return strings.Contains(p.get(path).text, " over</span>") }, time.Minute, 10*time.Millisecond)
	text := p.get(path).text
	for _, words := range []string{"dry run of retry", "nothing was changed; it tells order.aborted", "asks for the undo of inventory.reserve, 3 units", " skipped</span>", "It changes nothing"} {
		require.Contains(t, text, words)
	}
	require.NotContains(t, text, "Not kept", "that is no failure")
	require.Empty(t, w.repaired)
}
