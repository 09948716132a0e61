package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

func TestDoctor(t *testing.T) {
	t.Parallel()

	dir := t.TempDir()
	p := startDev(t, dir)
	engine := says(t, p.process, p.out, `--temporal-address (\S+)`)[1]
	doctor := func(args ...string) (string, error) {
		return once(t, nil, append([]string{"doctor", "--temporal-address", engine, "--pause", "10ms"}, args...)...)
	}
	place(t, p.api, "1", "tok_visa", true)

	out, err := doctor()
	require.NoError(t, err)
	require.Contains(t, out, "1, of which 0 judged and 1 too young")
	require.Contains(t, out, "nothing was judged: 1 order was too young")
	require.Contains(t, out, "amends orders --needs-attention, which lists the young ones too")
	require.NotContains(t, out, "nothing is wrong")
	out, err = doctor("--json")
	require.NoError(t, err)
	var r doctorflow.Report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.True(t, r.OK)
	require.Equal(t, 1, r.SkippedYoung)
	require.Contains(t, out, `"findings": []`)

	inventory := dbtest.Open(t, "sqlite:"+filepath.Join(dir, "inventory.db"), database.Options{})
	require.NoError(t, inventory.Exec("UPDATE stock SET reserved = reserved + 1, received = received + 1 WHERE sku = 'MUG-STONEWARE'").Error)
	out, err = doctor("--json")
	require.EqualError(t, err, "the doctor: 0 orders judged, 1 findings, 0 repaired")
	require.Equal(t, exitWrong, exitCode(err))
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	require.Equal(t, map[audit.Kind]int{inventoryaudit.Stock: 1}, r.Counts)
	out, err = doctor("--dry-run")
	require.Equal(t, exitWrong, exitCode(err))
	require.Contains(t, out, "something is wrong")
	require.Contains(t, out, "MUG-STONEWARE in BER: 1 reserved and 1 committed, but the reservations say 0 and 1")

	_, metrics := call(t, http.MethodGet, p.admin+"/metrics", "", nil)
	for _, line := range []string{`amends_doctor_findings\{[^}]*kind="stock",[^}]*\} 1\n`, `amends_doctor_last_run_timestamp_seconds\{[^}]*\} 1\.`} {
		require.True(t, regexp.MustCompile(line).MatchString(text(t, metrics["text"])), line)
	}

	_, err = once(t, nil, "doctor", "--temporal-address", engine, "--last")
	require.Equal(t, exitNotRun, exitCode(err), "the schedule has not run yet")
	require.ErrorContains(t, err, "has no run that has ended")
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
			require.Equal(t, exitNotRun, exitCode(err), err.Error())
		})
	}
	require.Equal(t, 1, exitCode(errors.New("of another command")))
	require.Equal(t, 2, exitCode(fmt.Errorf("more: %w", notRun(errors.New("x")))))
}

func TestDoctorRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()

	for want, args := range map[string][]string{
		"doctor: --at-most must be at least 1, is -1":                            {"--at-most", "-1"},
		"doctor: --at-most must be at least 1, is 0":                             {"--at-most", "0"},
		"doctor: --rate must be at least 0 (no limit), is -1":                    {"--rate", "-1"},
		"doctor: --grace must be at least 0, is -5s\ndoctor: --pause must be at": {"--grace", "-5s", "--pause", "-1s"},
		"doctor: --last looks at nothing now, so it goes without --dry-run":      {"--last", "--dry-run"},
		"doctor: --last looks at nothing now, so it goes without --grace":        {"--last", "--json", "--grace", "1s"},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			out, err := once(t, nil, append([]string{"doctor", "--temporal-address", "127.0.0.1:1"}, args...)...)
			require.ErrorContains(t, err, want)
			require.Equal(t, exitNotRun, exitCode(err))
			require.Empty(t, out)
		})
	}
}

func TestAVerdictIsOfWhatWasJudged(t *testing.T) {
	t.Parallel()

	for want, r := range map[string]doctorflow.Report{
		"nothing was judged: there are no orders": {OK: true},
		"nothing was judged: 3 orders were too young: one is judged when its decide-by time and --grace have passed": {OK: true, Orders: 3, SkippedYoung: 3},
		"nothing is wrong with the 2 judged": {OK: true, Orders: 3, Judged: 2, SkippedYoung: 1},
		"what was wrong is repaired":         {OK: true, Judged: 1, Findings: []doctorflow.Finding{{Repaired: true}}},
		"something is wrong":                 {Findings: []doctorflow.Finding{{}}},
		"not everything could be asked":      {Unasked: []doctorflow.Unasked{{Service: "payment"}}},
	} {
		require.Equal(t, want, verdict(r))
	}
}

func TestAReportIsReadable(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := doctorflow.Report{
		Started: at, Ended: at.Add(time.Second), Orders: 3, Judged: 2, SkippedYoung: 1, NeedsAttention: 1, WaiverCount: 1, OrdersPerSecond: 3,
		Findings: []doctorflow.Finding{
			{Invariant: "I4", Kind: doctorflow.SagaStopped, Order: "o1", Service: "order", Detail: "terminated", Since: at, Repairable: true, Repaired: true},
			{Invariant: "I4", Kind: doctorflow.SagaStopped, Order: "o2", Service: "order", Detail: "terminated", Since: at, Repairable: true, Note: "not yet"},
			{Invariant: "I3", Kind: inventoryaudit.StockHeld, Order: "o3", Service: "inventory", Detail: "held"},
		},
		Counts:            map[audit.Kind]int{doctorflow.SagaStopped: 2, inventoryaudit.StockHeld: 5},
		Waivers:           []doctorflow.OrderWaiver{{Order: "o4", Waiver: ledger.Waiver{Step: "inventory.reserve", Reason: "burnt", Operator: "op", At: at}}},
		Unasked:           []doctorflow.Unasked{{Service: "payment", Times: 2, Error: "no answer"}},
		ReportOnlyBecause: "of a reason",
	}
	var b strings.Builder
	require.NoError(t, renderReport(&b, r, "3 hours"))
	for _, want := range []string{
		"something is wrong", "no: not yet", "no, it is for a person", "payment", "no answer", "burnt",
		"… and 4 more: saga_stopped 2 stock_held 5", "Nothing was repaired: of a reason.", "1, flagged with a reason",
		"2026-11-22 12:00:00.000Z, for 1s; 3 hours ago",
	} {
		require.Contains(t, b.String(), want)
	}
	require.Equal(t, "2 orders judged, 7 findings, 0 repaired, payment did not answer", summary(r))
}

func TestAnAgeInWords(t *testing.T) {
	t.Parallel()

	for age, want := range map[time.Duration]string{
		-time.Second: "a moment", 1999 * time.Millisecond: "a moment", 2 * time.Second: "2 seconds", 119 * time.Second: "119 seconds",
		2 * time.Minute: "2 minutes", 119 * time.Minute: "119 minutes", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours",
		48 * time.Hour: "2 days", 1000 * time.Hour: "41 days",
	} {
		require.Equal(t, want, ageInWords(age), age)
	}
}
