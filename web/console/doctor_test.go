package console

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTheDoctorListsItsRuns, of every state, page by page, each with a link to its report.
func TestTheDoctorListsItsRuns(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), supportSecret)
	page := p.get("/doctor").text
	for _, words := range []string{
		`href="` + Below + "/doctor/" + doctorRun + `"`, "2.5 s", "1 <code>money_taken</code>; 1 service did not answer", " something is wrong</span>", " nothing is wrong</span>",
		" every finding was repaired</span>", " under way</span>", " timed out</span>", "<td>hand</td>", "<td>schedule</td>", ">changes</td>", ">all orders</td>", "cursor=older",
	} {
		require.Contains(t, page, words)
	}
	require.NotContains(t, page, "Run the doctor", "support sees")
	older := p.get("/doctor?cursor=older").text
	require.Contains(t, older, "First page")
	require.Contains(t, older, " forgotten</span>")
	require.Contains(t, signedIn(t, serve(t, &world{empty: true}), nightSecret).get("/doctor").text, "The engine has no run of the doctor")
	require.Contains(t, signedIn(t, serve(t, &world{away: true}), nightSecret).get("/doctor").text, "cannot be shown")
}

// TestARunOfTheDoctorHasItsFindings, with links to their orders.
func TestARunOfTheDoctorHasItsFindings(t *testing.T) {
	t.Parallel()
	p := signedIn(t, serve(t, &world{}), supportSecret)
	run := p.get("/doctor/" + doctorRun).text
	for _, words := range []string{"by hand", "after 2.5 s", "MONEY_TAKEN", `href="` + Below + "/orders/" + flagged + `"`, "money taken: 126.00 EUR", "/docs/runbooks/DoctorFinding.md"} {
		require.Contains(t, run, words)
	}
	require.Contains(t, p.get("/doctor/r1").text, "It goes on")
	require.Contains(t, p.get("/doctor/r4").text, "it did not come to its end: timed out")
	require.Equal(t, http.StatusNotFound, p.get("/doctor/none").StatusCode)
}
