package e2e_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

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
	dev.drain(t, syscall.SIGINT)
	dev.requireQuiet(t)
}
