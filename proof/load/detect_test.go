package load

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/services/order"
)

// third reports whether it is the order that a platform gets wrong in these tests.
func third(key string) bool { return strings.HasSuffix(key, "-000003") }

// only requires that a load found one fault and names the third order by its key.
func only(t *testing.T, r Report, fault Fault, detail string) Violation {
	t.Helper()
	require.Len(t, r.Violations, 1, "%v", r.Violations)
	v := r.Violations[0]
	require.Equal(t, fault, v.Fault)
	require.True(t, third(v.Key), v.Key)
	require.Contains(t, v.Detail, detail)
	require.ErrorContains(t, r.Err(), string(fault)+": order "+v.OrderID)
	return v
}

func TestDetects(t *testing.T) {
	t.Parallel()

	t.Run("NothingWhereNothingIsWrong", func(t *testing.T) {
		t.Parallel()
		r := newPlatform(t).load(t, Options{Mix: DefaultMix(), Orders: 300, Concurrency: 8, Sample: 0.5})
		require.NoError(t, r.Err())
		require.Equal(t, 300, r.Placed)
		require.Equal(t, 300, r.Acknowledged)
		require.Equal(t, 300, r.Decided)
		require.Empty(t, r.Errors)
		require.EqualValues(t, 300, r.Decision.Count)
		require.Positive(t, r.Duplicates)
		require.Equal(t, r.Duplicates, r.Replayed)
	})

	// engineAlone tells a decision as the API does when no worker answers.
	engineAlone := func(o *client.Order) {
		if decided(*o) {
			o.Lines, o.Reason, o.Source = nil, nil, client.SourceEngine
		}
	}

	t.Run("NothingWhereTheEngineAloneTellsADecision", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.told = func(_ string, o *client.Order) { engineAlone(o) }
		asked := map[string]bool{}
		p.shown = func(key string, o *client.Order) bool {
			if !asked[key] {
				engineAlone(o)
			}
			asked[key] = true
			return false
		}
		r := p.load(t, Options{Mix: DefaultMix(), Orders: 100, Concurrency: 8})
		require.NoError(t, r.Err())
		require.Equal(t, 100, r.Decided)
	})

	t.Run("ADecisionOfTheEngineThatWasAnother", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.told = func(key string, o *client.Order) {
			if engineAlone(o); third(key) {
				o.Status = string(order.Cancelled)
			}
		}
		only(t, p.load(t, Options{}), Wrong, "was answered as CANCELLED, and now is CONFIRMED")
	})

	t.Run("ALostOrder", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.shown = func(key string, _ *client.Order) bool { return third(key) }
		v := only(t, p.load(t, Options{}), Lost, "acknowledged, and not found")
		require.Equal(t, p.orders[v.Key].order.Id, v.OrderID)
	})

	t.Run("NoLossOfWhatWasNeverAcknowledged", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		nowhere := uuid.NewString()
		p.place = func(w http.ResponseWriter, key string, _ int) bool {
			if third(key) {
				w.Header().Set("Location", "/v1/orders/"+nowhere)
				refuse(w, http.StatusServiceUnavailable, "PLACEMENT_UNKNOWN")
			}
			return third(key)
		}
		r := p.load(t, Options{Attempts: 2})
		require.NoError(t, r.Err(), "it may be there, was said, and it is not")
		require.Equal(t, 1, r.GivenUp)
		require.Equal(t, 39, r.Acknowledged)
	})

	t.Run("AnOrderThatWasDoubledByARepeat", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.repeated = func(key string, o *client.Order) bool {
			if third(key) {
				o.Id = uuid.NewString()
			}
			return true
		}
		r := p.load(t, Options{Sample: 1})
		require.Error(t, r.Err())
		require.Equal(t, Doubled, r.Violations[0].Fault)
		require.Contains(t, r.Violations[0].Detail, "is also order")
		require.Contains(t, r.Err().Error(), p.orders[r.Violations[0].Key].order.Id)
	})

	t.Run("TwoAnswersThatBothPlacedTheOrder", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.repeated = func(key string, _ *client.Order) bool { return !third(key) }
		only(t, p.load(t, Options{Mix: Mix{Duplicate: 100}}), Doubled, "2 answers say that they placed it")
	})

	t.Run("OneOrderForTwoKeys", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		same := uuid.NewString()
		p.placed = func(o *fakeOrder) {
			if third(o.key) || strings.HasSuffix(o.key, "-000001") {
				o.order.Id = same
			}
		}
		r := p.load(t, Options{Concurrency: 1, Orders: 5, Shop: Shop{SKUs: []string{"TEA"}}})
		require.Contains(t, r.Err().Error(), "doubled: order "+same)
	})

	t.Run("AWrongOutcome", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.end = end{order.Cancelled, order.Deadline}
			}
		}
		only(t, p.load(t, Options{}), Wrong, "is CANCELLED DEADLINE, and must be CONFIRMED")
	})

	t.Run("AnOutcomeThatChanges", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.decideAfter = 0
		p.shown = func(key string, o *client.Order) bool {
			if third(key) {
				o.Status, o.Reason = string(order.Cancelled), new(string(order.CustomerRequest))
			}
			return false
		}
		r := p.load(t, Options{Mix: Mix{Cancelled: 100}})
		require.ErrorContains(t, r.Err(), "was answered as CONFIRMED, and now is CANCELLED CUSTOMER_REQUEST")
	})

	t.Run("AnotherContent", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.order.Lines[0].Quantity += 7
				o.order.Total.Amount += 700
			}
		}
		only(t, p.load(t, Options{}), Wrong, "and must have")
	})

	t.Run("AnotherStyle", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.order.Style = "orchestrated"
			}
		}
		only(t, p.load(t, Options{Mix: Mix{Choreographed: 100}}), Refused, "it was asked for choreographed, and is orchestrated")
	})

	t.Run("AWrongTotal", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.order.Total.Amount++
			}
		}
		only(t, p.load(t, Options{}), Wrong, "and its lines cost")
	})

	t.Run("AnOrderThatIsNotDecidedInTime", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.placed = func(o *fakeOrder) {
			if third(o.key) {
				o.after = time.Hour
				o.order.Attention = []client.Attention{{Step: "payment.authorize", Code: "PROVIDER_UNAVAILABLE"}}
			}
		}
		only(t, p.load(t, Options{Until: UntilAcknowledged, Wait: 300 * time.Millisecond}), Undecided,
			"PENDING after 300ms; needs attention: payment.authorize PROVIDER_UNAVAILABLE")
	})

	t.Run("AGoodRequestThatIsRefused", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = func(w http.ResponseWriter, key string, _ int) bool {
			if third(key) {
				refuse(w, http.StatusInternalServerError, "INTERNAL")
			}
			return third(key)
		}
		r := p.load(t, Options{})
		require.ErrorContains(t, r.Err(), "refused: key "+r.Violations[0].Key+": plain: its placement was answered 500 INTERNAL")
		require.Equal(t, []CallErrors{{callPlace, "INTERNAL", 1}}, r.Errors)
	})

	t.Run("ThatNothingWasAcknowledged", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.place = func(w http.ResponseWriter, _ string, _ int) bool {
			refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE")
			return true
		}
		r := p.load(t, Options{Orders: 2, Attempts: 2})
		require.ErrorContains(t, r.Err(), "nothing: none of 2 placements was acknowledged")
		require.Equal(t, []CallErrors{{callPlace, "UNAVAILABLE", 4}}, r.Errors)
		require.Equal(t, 2, r.Retries)
	})
}

func TestACancelIsHeldToItsAnswer(t *testing.T) {
	t.Parallel()

	t.Run("AcceptedMeansCancelled", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.decideAfter = time.Hour // no cancel comes later
		r := p.load(t, Options{Mix: Mix{Cancelled: 100}})
		require.NoError(t, r.Err())
		require.Equal(t, []Count{{cancelAccepted, 40}}, r.Cancels)
		require.Equal(t, []Outcome{{"CANCELLED", "CUSTOMER_REQUEST", 40}}, r.Outcomes)
	})

	t.Run("TooLateMeansConfirmed", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.decideAfter = 0
		r := p.load(t, Options{Mix: Mix{Cancelled: 100}})
		require.NoError(t, r.Err())
		require.Equal(t, []Count{{codePastPivot, 40}}, r.Cancels)
		require.Empty(t, r.Errors, "an answer that is as it should be")
	})

	t.Run("AcceptedAndConfirmedIsWrong", func(t *testing.T) {
		t.Parallel()
		p := newPlatform(t)
		p.decideAfter = time.Hour
		p.shown = func(key string, o *client.Order) bool {
			if third(key) {
				o.Status, o.Reason = string(order.Confirmed), nil
			}
			return false
		}
		only(t, p.load(t, Options{Mix: Mix{Cancelled: 100}, Until: UntilAcknowledged}), Wrong,
			"is CONFIRMED, and must be CANCELLED CUSTOMER_REQUEST")
	})
}

func TestADecisionAloneIsKeptIfItIsAnother(t *testing.T) {
	t.Parallel()
	reason := string(order.PaymentDeclined)
	whole := client.Order{Status: string(order.Cancelled), Reason: &reason, Lines: []client.Line{{Sku: "MUG"}}, Source: client.SourceRecord}
	same := client.Order{Status: string(order.Cancelled), Source: client.SourceEngine}
	another := client.Order{Status: string(order.Confirmed), Source: client.SourceEngine}
	for name, test := range map[string]struct {
		told []client.Order
		want []any
	}{
		"TheSame":             {[]client.Order{whole, same}, []any{whole.Status, reason, false}},
		"AnotherBehindAWhole": {[]client.Order{whole, another}, []any{another.Status, "", true}},
		"AnotherBehindABare":  {[]client.Order{same, another}, []any{another.Status, "", true}},
		"TheWholeBehindIt":    {[]client.Order{same, whole}, []any{whole.Status, reason, false}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var customer tracked
			for _, o := range test.told {
				customer.seen(answer{call: callWait, status: http.StatusOK, order: o})
			}
			require.Equal(t, test.want, []any{customer.status, customer.reason, customer.bare})
		})
	}
}

func TestTheHotItem(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		stock, left int
		fault       Fault
	}{
		"IsSoldOutExactly": {stock: 7, left: 7},
		"IsOversold":       {stock: 8, left: 7, fault: Oversold},
		"IsUndersold":      {stock: 6, left: 7, fault: Undersold},
		"IsEnoughForAll":   {stock: 100, left: 100},
		"IsThereForNobody": {stock: 0, left: 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPlatform(t)
			p.stock = test.stock
			r := p.load(t, Options{Hot: &Hot{SKU: "HOT", Left: test.left}, Orders: 20, Concurrency: 20})
			if test.fault == "" {
				require.NoError(t, r.Err())
				return
			}
			require.Len(t, r.Violations, 1)
			require.Equal(t, test.fault, r.Violations[0].Fault)
		})
	}
}
