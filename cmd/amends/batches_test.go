package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// startBatch starts a batch of two orders, and notes the outcome of the first, as one does who goes
// through it.
func startBatch(t *testing.T, p *platformUnderTest, dir, first, second string) (id string) {
	t.Helper()
	as := map[string]string{"Authorization": "Bearer " + accessOf(t, dir).OperatorToken, "Content-Type": "application/json"}
	code, batch := call(t, http.MethodPost, p.admin+"/v1/batches", `{"action": "retry", "reason": "it is back", "orders": ["`+first+`", "`+second+`"]}`, as)
	require.Equal(t, http.StatusCreated, code, "%v", batch)
	id = text(t, batch["id"])
	code, batch = call(t, http.MethodPost, p.admin+"/v1/batches/"+id+"/notes", `{"order": "`+first+`", "state": "done", "note": "settled: CONFIRMED"}`, as)
	require.Equal(t, http.StatusOK, code, "%v", batch)
	return id
}

// resumeBatch requires the batch of a process that has ended on the page of the next one, and goes
// on with it there.
func resumeBatch(t *testing.T, p *platformUnderTest, dir, id string) {
	t.Helper()
	path := "/batches/" + id
	someone := signIn(t, p.admin, accessOf(t, dir).OperatorToken)
	require.True(t, strings.Contains(someone.page("/audit"), `href="/console`+path+`"`), "the audit leads to it") //nolint:testifylint // Contains would print the page
	page := someone.page(path)
	for _, words := range []string{"it is back", " interrupted</span>", "settled: CONFIRMED", " waiting</span>"} {
		require.Contains(t, page, words)
	}
	someone.send(path, path, url.Values{"do": {"resume"}})
	require.Eventually(t, func() bool { return strings.Contains(someone.page(path), " over</span>") }, patience, tick)
	require.Contains(t, someone.page(path), " skipped</span>", "the order does not need it any more")
}
