package console

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheAuditLeadsToTheThings that requests were about, and to older ones.
func TestTheAuditLeadsToTheThings(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), nightSecret)
	page := p.get("/audit").text
	for _, words := range []string{
		"retry payment.authorize", "account mia", `href="` + Below + "/orders/" + flagged + `"`, `href="` + Below + "/cases/" + caseID + `"`,
		`href="` + Below + `/routes/orders"`, `href="` + Below + `/batches/BATCH7"`, `title="payment/e1"`, "run the doctor", "cursor=older",
	} {
		require.Contains(t, page, words)
	}
	require.Contains(t, p.get("/audit?cursor=older").text, "First page")
	require.Contains(t, signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/audit").text, "Nothing was asked for yet")
	require.Contains(t, signedIn(t, serve(t, &world{away: true}), nightSecret).get("/audit").text, "cannot be shown")
}

// TestServicesTellWhomThisProcessLeavesOut: and when its certificates end.
func TestServicesTellWhomThisProcessLeavesOut(t *testing.T) {
	t.Parallel()
	page := signedIn(t, serve(t, &world{}), nightSecret).get("/services").text
	for _, words := range []string{" shipping</span> 1 instance, for now", "Certificate rpc", ">in 1"} {
		require.Contains(t, page, words)
	}
	require.NotContains(t, page, " payment</span> 0 instance")
	require.Contains(t, signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/services").text, "no instance of a service")
}
