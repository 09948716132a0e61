package order

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
)

var (
	begin    = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	statuses = []Status{Pending, Confirmed, Cancelled}
	reasons  = []Reason{
		UnknownSKU, CurrencyMismatch, OutOfStock, PaymentDeclined, Undeliverable, CustomerRequest, Deadline, Internal,
	}
)

func pending() Record {
	return Record{ID: "o1", Status: Pending, Placement: Placement{Currency: "EUR"}, CreatedAt: begin, UpdatedAt: begin}
}

func total(minor int64) *Total {
	t := money.New(minor, "EUR")
	return &t
}

func TestConfirm(t *testing.T) {
	t.Parallel()

	closing := Closing{Total: total(12600), View: json.RawMessage(`{"a":1}`)}
	r := pending()
	changed, err := r.Confirm(closing, begin.Add(time.Minute))
	require.NoError(t, err)
	require.True(t, changed)
	want := pending()
	want.Status, want.Total, want.View, want.UpdatedAt = Confirmed, closing.Total, closing.View, begin.Add(time.Minute)
	require.Equal(t, want, r)

	t.Run("TwiceIsOnce", func(t *testing.T) {
		t.Parallel()

		again := r
		changed, err := again.Confirm(Closing{Reason: Deadline, Total: total(1)}, begin.Add(time.Hour))
		require.NoError(t, err)
		require.False(t, changed)
		require.Equal(t, r, again)
	})

	dollars := money.New(12600, "USD")
	for claim, c := range map[string]Closing{
		"RefusesAReason":           {Total: total(1), Reason: OutOfStock},
		"RefusesNoTotal":           {},
		"RefusesOtherMoney":        {Total: &dollars},
		"RefusesAViewThatIsNoJSON": {Total: total(1), View: json.RawMessage(`{`)},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()

			r := pending()
			changed, err := r.Confirm(c, begin.Add(time.Minute))
			requireFault(t, err, fault.Bug, fault.Invalid)
			require.False(t, changed)
			require.Equal(t, pending(), r)
		})
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()

	for _, reason := range reasons {
		t.Run("KeepsTheFirstReason/"+string(reason), func(t *testing.T) {
			t.Parallel()

			r := pending()
			changed, err := r.Cancel(Closing{Reason: reason, View: json.RawMessage(`{}`)}, begin.Add(time.Minute))
			require.NoError(t, err)
			require.True(t, changed)
			want := pending()
			want.Status, want.Reason, want.View, want.UpdatedAt = Cancelled, reason, json.RawMessage(`{}`), begin.Add(time.Minute)
			require.Equal(t, want, r)

			for _, other := range slices.Concat(reasons, []Reason{""}) {
				changed, err := r.Cancel(Closing{Reason: other, Total: total(1)}, begin.Add(time.Hour))
				require.NoError(t, err)
				require.False(t, changed)
				require.Equal(t, want, r)
			}
		})
	}
	for claim, c := range map[string]Closing{
		"RefusesNoReason":          {},
		"RefusesAReasonOfNoList":   {Reason: "BORED"},
		"RefusesAViewThatIsNoJSON": {Reason: Deadline, View: json.RawMessage(`nope`)},
	} {
		t.Run(claim, func(t *testing.T) {
			t.Parallel()

			r := pending()
			_, err := r.Cancel(c, begin)
			requireFault(t, err, fault.Bug, fault.Invalid)
			require.Equal(t, pending(), r)
		})
	}
}

// Whatever is tried, in whatever order, an order's states form a path of the
// machine: PENDING, and then nothing but the first end.
func TestAnOrderEndsOnce(t *testing.T) {
	t.Parallel()

	rapid.Check(t, func(t *rapid.T) {
		r := pending()
		for i := range rapid.IntRange(1, 8).Draw(t, "attempts") {
			before, at := r, begin.Add(time.Duration(i+1)*time.Second)
			var to Status
			var changed bool
			var err error
			if rapid.Bool().Draw(t, "confirm") {
				to = Confirmed
				changed, err = r.Confirm(Closing{Total: total(int64(i))}, at)
			} else {
				to = Cancelled
				changed, err = r.Cancel(Closing{Reason: rapid.SampledFrom(reasons).Draw(t, "reason")}, at)
			}
			switch before.Status {
			case Pending:
				require.NoError(t, err)
				require.True(t, changed)
				require.Equal(t, to, r.Status)
				require.Equal(t, at, r.UpdatedAt)
				require.Equal(t, to == Cancelled, r.Reason != "")
			case to:
				require.NoError(t, err)
				require.False(t, changed)
				require.Equal(t, before, r)
			default:
				requireFault(t, err, fault.Bug, IllegalTransition)
				require.False(t, changed)
				require.Equal(t, before, r)
			}
		}
	})
}

func TestAnUnknownStatusDoesNotMove(t *testing.T) {
	t.Parallel()

	r := Record{Status: "SHIPPED", Placement: Placement{Currency: "EUR"}}
	_, err := r.Confirm(Closing{Total: total(1)}, begin)
	requireFault(t, err, fault.Bug, IllegalTransition)
	_, err = r.Cancel(Closing{Reason: Deadline}, begin)
	requireFault(t, err, fault.Bug, IllegalTransition)
}

func TestParse(t *testing.T) {
	t.Parallel()

	for _, s := range statuses {
		got, err := ParseStatus(string(s))
		require.NoError(t, err)
		require.Equal(t, s, got)
	}
	for _, r := range reasons {
		got, err := ParseReason(string(r))
		require.NoError(t, err)
		require.Equal(t, r, got)
	}
	for _, s := range []string{"", "pending", "NOT_ONE"} {
		_, err := ParseStatus(s)
		requireFault(t, err, fault.Business, fault.Invalid)
		_, err = ParseReason(s)
		requireFault(t, err, fault.Business, fault.Invalid)
	}
}

// A record travels through Temporal as JSON, its view as the JSON it is.
func TestRecordSurvivesJSON(t *testing.T) {
	t.Parallel()

	r := pending()
	_, err := r.Confirm(Closing{Total: total(1), View: json.RawMessage(`{"steps":[]}`)}, begin.Add(time.Minute))
	require.NoError(t, err)
	data, err := json.Marshal(r)
	require.NoError(t, err)
	require.Contains(t, string(data), `"view":{"steps":[]}`)
	var got Record
	require.NoError(t, json.Unmarshal(data, &got))
	require.Equal(t, r, got)
}

func requireFault(t require.TestingT, err error, kind fault.Kind, code fault.Code) {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	require.Error(t, err)
	require.Equal(t, code, fault.CodeOf(err), "%v", err)
	require.Equal(t, kind, fault.KindOf(err), "%v", err)
}
