package doctorreport

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/internal/show"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/workflows/doctor"
	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

func TestAVerdictIsOfWhatWasJudged(t *testing.T) {
	t.Parallel()

	for want, r := range map[string]doctor.Report{
		"nothing was judged: there are no orders": {OK: true},
		"nothing was judged: 3 orders are too young; an order is judged once its decide-by time and --grace have passed": {OK: true, Orders: 3, SkippedYoung: 3},
		"nothing is wrong with the 2 judged":                                     {OK: true, Orders: 3, Judged: 2, SkippedYoung: 1},
		"nothing is wrong: no order has changed that is old enough to be judged": {OK: true, Orders: 1, SkippedYoung: 1, Since: time.Unix(1, 0)},
		"every finding was repaired":                                             {OK: true, Judged: 1, Findings: []judge.Finding{{Repaired: true}}},
		"something is wrong":                                                     {Findings: []judge.Finding{{}}},
		"a service did not answer":                                               {Unasked: []report.Unasked{{Service: "payment"}}},
	} {
		require.Equal(t, want, verdict(r))
	}
}

func TestAReportIsReadable(t *testing.T) {
	t.Parallel()

	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	r := doctor.Report{
		Started: at, Ended: at.Add(time.Second), Orders: 3, Judged: 2, SkippedYoung: 1, NeedsAttention: 1, WaiverCount: 1, OrdersPerSecond: 3,
		Findings: []judge.Finding{
			{Invariant: "I4", Kind: judge.SagaStopped, Order: "o1", Service: "order", Detail: "terminated", Since: at, Repairable: true, Repaired: true},
			{Invariant: "I4", Kind: judge.SagaStopped, Order: "o2", Service: "order", Detail: "terminated", Since: at, Repairable: true, Note: "not yet"},
			{Invariant: "I3", Kind: inventoryaudit.StockHeld, Order: "o3", Service: "inventory", Detail: "held"},
		},
		Counts:            map[audit.Kind]int{judge.SagaStopped: 2, inventoryaudit.StockHeld: 5},
		Waivers:           []report.OrderWaiver{{Order: "o4", Waiver: ledger.Waiver{Step: "inventory.reserve", Reason: "burnt", Operator: "op", At: at}}},
		Unasked:           []report.Unasked{{Service: "payment", Times: 2, Error: "no answer"}},
		ReportOnlyBecause: "of a reason",
	}
	var b strings.Builder
	require.NoError(t, Write(show.Screen{Writer: &b, Width: 200}, r, "3 hours"))
	for _, want := range []string{
		"something is wrong", "no: not yet", "no, it needs an operator", "payment", "no answer", "burnt",
		"… and 4 more: saga_stopped 2 stock_held 5", "Nothing was repaired: of a reason.", "1, flagged with a reason",
		"2026-11-22 12:00:00.000Z, for 1s; 3 hours ago",
	} {
		require.Contains(t, b.String(), want)
	}
	require.Equal(t, "2 orders judged, 7 findings, 0 repaired, payment did not answer", Summary(r))
}

func TestAnAgeInWords(t *testing.T) {
	t.Parallel()

	for age, want := range map[time.Duration]string{
		-time.Second: "a moment", 1999 * time.Millisecond: "a moment", 2 * time.Second: "2 seconds", 119 * time.Second: "119 seconds",
		2 * time.Minute: "2 minutes", 119 * time.Minute: "119 minutes", 2 * time.Hour: "2 hours", 47 * time.Hour: "47 hours",
		48 * time.Hour: "2 days", 1000 * time.Hour: "41 days",
	} {
		require.Equal(t, want, Age(age), age)
	}
}
