package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/cmd/amends/internal/doctor"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

func TestDoctor(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := startDev(t, dir)
	engine := engineOf(t, dir)
	diagnose := func(args ...string) (string, error) {
		return once(t, nil, append([]string{"doctor", "--temporal-address", engine, "--pause", "10ms"}, args...)...)
	}
	id := text(t, place(t, p.api, "1", "tok_visa", true)["id"])

	out, err := diagnose()
	require.EqualError(t, err, "the doctor: 0 orders judged, 0 findings, 0 repaired")
	require.Equal(t, doctor.ExitWrong, cli.ExitCode(err), "nothing is known")
	require.Contains(t, out, "1: 0 judged, 1 too young")
	require.Contains(t, out, "nothing was judged: 1 order is too young")
	require.Contains(t, out, "amends order list --needs-attention, which lists young orders too")
	require.NotContains(t, out, "nothing is wrong")
	out, err = diagnose("--json")
	require.Error(t, err)
	var r doctorflow.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.False(t, r.OK)
	require.Empty(t, r.Absent)
	require.Equal(t, 1, r.SkippedYoung)
	require.Contains(t, out, `"findings": []`)

	inventory := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "inventory.db"), database.Options{})
	require.NoError(t, inventory.Exec("UPDATE stock SET reserved = reserved + 1, received = received + 1 WHERE sku = 'MUG-STONEWARE'").Error)
	out, err = diagnose("--json")
	require.EqualError(t, err, "the doctor: 0 orders judged, 2 findings, 0 repaired")
	require.Equal(t, doctor.ExitWrong, cli.ExitCode(err))
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, map[audit.Kind]int{inventoryaudit.Stock: 2}, r.Counts)
	out, err = diagnose("--dry-run")
	require.Equal(t, doctor.ExitWrong, cli.ExitCode(err))
	require.Contains(t, out, "something is wrong")
	require.Contains(t, out, "MUG-STONEWARE in BER: 1 reserved and 1 committed, but the reservations say 0 and 1")
	require.Contains(t, out, "MUG-STONEWARE in BER: 100001 received, but the journal explains 100000")

	_, metrics := call(t, http.MethodGet, p.admin+"/metrics", "", nil)
	for _, line := range []string{`amends_doctor_findings\{[^}]*kind="stock",[^}]*\} 2\n`, `amends_doctor_last_run_timestamp_seconds\{[^}]*\} 1\.`} {
		require.True(t, regexp.MustCompile(line).MatchString(text(t, metrics["text"])), line)
	}

	listsItsRuns(t, p, dir)
	showsWhatAnOrderHas(t, p, dir, id)
	listsADeadLetter(t, dir, id)
	saysFirstThatNoWorkerAnswers(t, dir)

	// The queue of this platform has no worker.
	began := time.Now()
	_, err = once(t, []string{"AMENDS_SERVICES_ORDER_QUEUE=nobody"}, "doctor", "--temporal-address", engine)
	require.Equal(t, doctor.ExitNotRun, cli.ExitCode(err))
	require.ErrorContains(t, err, `no worker of the order service answers: none has taken a task from queue "nobody" for 8s`)
	require.Less(t, time.Since(began), atOnce, "it says so soon after these 8 s")

	_, err = once(t, nil, "doctor", "--temporal-address", engine, "--last")
	require.Equal(t, doctor.ExitNotRun, cli.ExitCode(err), "the schedule has not run yet")
	require.ErrorContains(t, err, "has no run that has ended")
}

// listsItsRuns requires the runs by hand, the newest first, each with its report.
func listsItsRuns(t *testing.T, p *platformUnderTest, dir string) {
	t.Helper()
	ask := func(path string, into any) int { return p.asOperator(t, dir, "/v1/doctor/runs"+path, into) }
	const hand = 4
	var page contract.DoctorRuns
	require.Eventually(t, func() bool { // the engine's index is some moments late
		page = contract.DoctorRuns{}
		return ask("?limit=3", &page) == http.StatusOK && len(page.Runs) == hand-1 && page.Runs[0].State == "completed" && page.Runs[0].Summary.DryRun
	}, patience, 100*time.Millisecond)
	require.NotNil(t, page.NextCursor)
	var rest contract.DoctorRuns
	require.Equal(t, http.StatusOK, ask("?limit=3&cursor="+*page.NextCursor, &rest))
	require.Len(t, rest.Runs, 1, "the first")
	require.Nil(t, rest.NextCursor)
	require.True(t, rest.Runs[0].StartedAt.Before(page.Runs[2].StartedAt))
	require.Equal(t, []contract.DoctorCount{{Kind: string(inventoryaudit.Stock), Count: 2}}, page.Runs[0].Summary.Kinds)
	require.Nil(t, page.Runs[0].Report, "a list has no findings")

	var run contract.DoctorRun
	require.Equal(t, http.StatusOK, ask("/"+page.Runs[0].Id, &run))
	require.False(t, run.Scheduled)
	require.Len(t, run.Report.Findings, 2)
	require.Equal(t, page.Runs[0].StartedAt, run.Report.StartedAt)
	var refused contract.Problem
	require.Equal(t, http.StatusNotFound, ask("/019a3f6c-6c2e-7b1d-9d7e-0f3a5b8c1e22", &refused))
	require.Equal(t, http.StatusNotFound, ask("/x'%20OR%20WorkflowType='PlaceOrder", &refused))
	require.Equal(t, http.StatusUnprocessableEntity, ask("?cursor=bm9uZQ", &refused), "%v", refused)
}

func TestDoctorThatCannotRun(t *testing.T) {
	t.Parallel()

	for name, args := range map[string][]string{
		"NoEngine":   {"--temporal-address", "127.0.0.1:1"},
		"NoSuchFlag": {"--gracee", "1s"},
		"NoDuration": {"--grace", "soon"},
		"AnArgument": {"now"},
		"NoAddress":  {"--temporal-address", "nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := once(t, nil, append([]string{"doctor"}, args...)...)
			require.Error(t, err)
			require.Equal(t, doctor.ExitNotRun, cli.ExitCode(err), err.Error())
		})
	}
}

func TestDoctorRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()

	for want, args := range map[string][]string{
		"doctor: --at-most must be at least 1, is -1":                            {"--at-most", "-1"},
		"doctor: --at-most must be at least 1, is 0":                             {"--at-most", "0"},
		"doctor: --rate must be at least 0 (no limit), is -1":                    {"--rate", "-1"},
		"doctor: --grace must be at least 0, is -5s\ndoctor: --pause must be at": {"--grace", "-5s", "--pause", "-1s"},
		"doctor: --last prints a past report, so it does not go with --dry-run":  {"--last", "--dry-run"},
		"doctor: --last prints a past report, so it does not go with --grace":    {"--last", "--json", "--grace", "1s"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, nil, append([]string{"doctor", "--temporal-address", "127.0.0.1:1"}, args...)...)
			require.ErrorContains(t, err, want)
			require.Equal(t, doctor.ExitNotRun, cli.ExitCode(err))
			require.Empty(t, out)
		})
	}
}
