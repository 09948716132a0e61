package judge_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/clinic"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/saga/ledger"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/workflows/doctor/judge"
	"github.com/amends/amends/workflows/doctor/report"
)

// payloadLimit is the engine's limit of one payload, less some room for the fields
// around the list.
const payloadLimit = 2<<20 - 64<<10

// A report with 1,000 findings and 1,000 waivers, handed from run to run, must fit
// into one payload, however long its texts are.
func TestNoWordsMakeTheDoctorsReportTooLarge(t *testing.T) {
	t.Parallel()

	c := clinic.New(t)
	in := c.Input()
	_, err := c.Orders.Create(t.Context(), key.New(in.OrderID, "order.create"), in.Placement)
	require.NoError(t, err)
	long := strings.Repeat("ü", 1000) // the longest text of a repair
	now := time.Now().UTC()
	waiver := ledger.Waiver{
		Step: "payment.authorize", Code: "SOME_LONG_FAULT_CODE", Owed: "money held: 9,999,999.99 EUR",
		Reason: long, Operator: long, Reference: long, At: now,
	}
	require.NoError(t, c.Orders.Note(t.Context(), key.New(in.OrderID, "order.note"), order.Note{At: now, Waivers: []ledger.Waiver{waiver}}))
	page, err := c.Orders.Audit(t.Context(), audit.Range{Sagas: []string{in.OrderID}})
	require.NoError(t, err)
	require.Len(t, page.Facts, 1)
	require.Len(t, page.Facts[0].Waivers, 1)
	require.True(t, strings.HasPrefix(page.Facts[0].Waivers[0].Reason, "üüü"))
	fact := size(t, report.OrderWaiver{Order: in.OrderID, Waiver: page.Facts[0].Waivers[0]})

	f := cancelledFacts()
	f.Order, f.Saga = nil, uuid.NewString()
	for range 100 {
		f.Payment.Differ = append(f.Payment.Differ, audit.Difference{Step: "x", What: long})
	}
	v := judge.Judge(*f, judgement, grace)
	require.Len(t, v.Findings, 1)
	require.Contains(t, v.Findings[0].Detail, "there is no such order")

	require.Less(t, report.MaxListed*(fact+size(t, v.Findings[0])), payloadLimit)
}

func size(t *testing.T, v any) int {
	t.Helper()
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return len(text)
}
