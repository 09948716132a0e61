package e2e_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/client"

	doctorengine "github.com/amends/amends/internal/doctor"
	"github.com/amends/amends/workflows/doctor"
)

// letTheDoctorRun tests the doctor's schedule and command, on Temporal on
// PostgreSQL, with a real worker.
func letTheDoctorRun(t *testing.T, engine *realEngine) {
	t.Helper()
	dir := t.TempDir()
	dev := launch(t, append(home(dir), "AMENDS_DOCTOR_EVERY=10s", "AMENDS_DOCTOR_GRACE=1s", "AMENDS_SAGA_DECIDE_AFTER=3s"),
		"dev", "--data-dir", dir, "--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-address", engine.address)
	m := regexp.MustCompile(`API +(\S+)\n`).FindStringSubmatch(dev.says(t, "Ctrl-C stops everything"))
	require.NotNil(t, m)
	require.Equal(t, http.StatusOK, shopper{m[1]}.insist(t, "", "wait=30", demo("tok_declined")).status)

	doctor := func(args ...string) (r doctor.Report, exit int) {
		p := launch(t, home(dir), append([]string{"doctor", "--json", "--temporal-address", engine.address}, args...)...)
		if exit = p.wait(t); exit < 2 {
			require.NoError(t, json.Unmarshal([]byte(p.out.String()), &r))
		}
		return r, exit
	}
	eventually(t, "a scheduled run goes on from the run before", func() bool {
		r, exit := doctor("--last")
		require.Contains(t, []int{0, 1, 2}, exit, "2 until the first has ended, 1 if that was before the order was old enough")
		return r.OK && !r.Whole() && !r.Mark.Whole.IsZero()
	})
	// With no grace and hardly a pause it is early for a fact that is still on its way.
	eventually(t, "a run by hand judges the order, and finds nothing", func() bool {
		r, exit := doctor("--pause", "10ms", "--grace", "1ms")
		require.Contains(t, []int{0, 1}, exit)
		require.Equal(t, 1, r.Orders)
		return exit == 0 && r.OK && r.Judged == 1
	})
	listsTheRuns(t, engine)
	dev.drain(t, syscall.SIGINT)
	dev.requireQuiet(t)
}

// listsTheRuns requires runs of the schedule and by hand, page by page, with their reports.
func listsTheRuns(t *testing.T, engine *realEngine) {
	t.Helper()
	c, err := client.Dial(client.Options{HostPort: engine.address})
	require.NoError(t, err)
	defer c.Close()
	eventually(t, "runs of both kinds are listed", func() bool {
		scheduled := map[bool]doctorengine.Entry{}
		var next []byte
		for {
			runs, more, err := doctorengine.History(t.Context(), c, "amends-order", next, 1)
			require.NoError(t, err)
			for _, r := range runs {
				if r.Report != nil {
					scheduled[r.Scheduled] = r
				}
			}
			if next = more; len(next) == 0 {
				break
			}
		}
		for _, r := range scheduled {
			found, known, err := doctorengine.Find(t.Context(), c, "amends-order", r.ID)
			require.NoError(t, err)
			require.True(t, known)
			require.Equal(t, r, found)
		}
		return len(scheduled) == 2
	})
	_, known, err := doctorengine.Find(t.Context(), c, "another-queue", "019a3f6c-6c2e-7b1d-9d7e-0f3a5b8c1e22")
	require.NoError(t, err)
	require.False(t, known)
}
