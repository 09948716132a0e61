package judge_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/saga/ledger"
	catalogaudit "github.com/amends/amends/services/catalog/audit"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/services/payment"
	paymentaudit "github.com/amends/amends/services/payment/audit"
	"github.com/amends/amends/services/shipping"
	shippingaudit "github.com/amends/amends/services/shipping/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

const (
	grace  = 10 * time.Minute
	judged = "01981111-1111-7111-8111-111111111111"
)

// The judged orders were placed at placed; they are judged long after.
var (
	placed    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	judgement = placed.Add(time.Hour)
	total     = money.New(12600, "EUR")
)

// confirmedFacts returns the facts of a healthy confirmed order.
func confirmedFacts() *judge.Facts {
	paid := paymentaudit.Taken{Captures: 1, Captured: total.Minor, Currency: "EUR"}
	return &judge.Facts{
		Saga: judged,
		Order: &orderaudit.Fact{
			ID: judged, Status: order.Confirmed, Total: &total, Units: 3, CreatedAt: placed, UpdatedAt: placed, DecideBy: placed.Add(10 * time.Minute),
		},
		Catalog: &catalogaudit.Fact{Saga: judged, Since: placed, Total: &total, Units: 3},
		Inventory: &inventoryaudit.Fact{Saga: judged, Since: placed, Stock: []inventoryaudit.StockFact{
			{Step: "inventory.reserve", State: inventory.Committed, Units: 3, Warehouses: 2, Undoable: true},
		}},
		Payment: &paymentaudit.Fact{Saga: judged, Since: placed, Ours: paid, Provider: paid, Asked: []money.Amount{total}},
		Shipping: &shippingaudit.Fact{Saga: judged, Since: placed, Parcels: []shippingaudit.ParcelFact{
			{Step: "shipping.book", Warehouse: "AMS", Ours: shipping.Booked, Carrier: true, Undoable: true},
			{Step: "shipping.book", Warehouse: "BER", Ours: shipping.Booked, Carrier: true, Undoable: true},
		}},
	}
}

// cancelledFacts returns the facts of a healthy cancelled order.
func cancelledFacts() *judge.Facts {
	f := confirmedFacts()
	f.Order.Status, f.Order.Reason = order.Cancelled, order.OutOfStock
	f.Inventory.Stock, f.Shipping.Parcels = nil, nil
	f.Payment = &paymentaudit.Fact{Saga: judged, Since: placed}
	return f
}

// pendingFacts returns the facts of an overdue order that holds everything.
func pendingFacts() *judge.Facts {
	f := confirmedFacts()
	f.Order.Status, f.Order.Total = order.Pending, nil
	f.Inventory.Stock[0].State = inventory.Held
	f.Payment = &paymentaudit.Fact{Saga: judged, Since: placed, Holds: []paymentaudit.HoldFact{held()}}
	f.Engine = &activities.SagaFact{Order: judged, State: activities.SagaRunning, How: "running"}
	return f
}

func held() paymentaudit.HoldFact {
	return paymentaudit.HoldFact{Step: "payment.authorize", Ours: payment.Authorized, Provider: true, Amount: total, Undoable: true}
}

func waive(steps ...string) (all []ledger.Waiver) {
	for _, s := range steps {
		all = append(all, ledger.Waiver{Step: s, Reason: "the warehouse burnt down", Operator: "op", At: placed})
	}
	return all
}

// found is a finding without its detail.
type found struct {
	Kind       audit.Kind
	Invariant  audit.Invariant
	Repairable bool
}

func TestTheDoctorJudges(t *testing.T) {
	t.Parallel()

	yes := func(k audit.Kind, i audit.Invariant) found { return found{k, i, true} }
	no := func(k audit.Kind, i audit.Invariant) found { return found{k, i, false} }
	taken := func(n int, minor int64) paymentaudit.Taken {
		return paymentaudit.Taken{Captures: n, Captured: minor, Currency: "EUR"}
	}
	for name, tc := range map[string]struct {
		facts  *judge.Facts
		change func(f *judge.Facts)
		want   []found
	}{
		"AConfirmedOrderAsItShouldBe": {facts: confirmedFacts()},
		"ACancelledOrderAsItShouldBe": {facts: cancelledFacts()},
		"ACancelledOrderThatNobodyHeardOf": {cancelledFacts(), func(f *judge.Facts) {
			*f = judge.Facts{Saga: f.Saga, Order: f.Order}
		}, nil},
		"ConfirmedAndLaterRefunded": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Ours.Refunded, f.Payment.Provider.Refunded, f.Order.Refunded = 100, 100, 100
		}, nil},
		"RefundedWithoutItsOrder": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Ours.Refunded, f.Payment.Provider.Refunded = 100, 100
		}, []found{{judge.Refund, paymentaudit.MoneyAddsUp, false}}},

		"TheSagaRunsAndIsFlagged": {pendingFacts(), func(f *judge.Facts) { f.Order.NeedsAttention = true }, nil},
		"TheSagaSaysItself":       {pendingFacts(), func(f *judge.Facts) { f.Engine.NeedsAttention = true }, nil},
		"NothingEverHasToDecide":  {pendingFacts(), func(f *judge.Facts) { f.Order.DecideBy = time.Time{} }, nil},
		"TheSagaRunsAndIsSilent":  {pendingFacts(), nil, []found{no(judge.SagaSilent, "I4")}},
		"TheSagaWasTerminated": {pendingFacts(), func(f *judge.Facts) {
			f.Engine.State, f.Engine.How = activities.SagaStopped, "terminated"
		}, []found{yes(judge.SagaStopped, "I4")}},
		"TheSagaWasTerminatedAlthoughFlagged": {pendingFacts(), func(f *judge.Facts) {
			f.Order.NeedsAttention, f.Engine.State = true, activities.SagaStopped
		}, []found{yes(judge.SagaStopped, "I4")}},
		"TheSagaEndedButTheRecordDoesNotSaySo": {pendingFacts(), func(f *judge.Facts) {
			f.Engine.State = activities.SagaCompleted
		}, []found{yes(judge.SagaStopped, "I4")}},
		"ThereIsNoSaga": {pendingFacts(), func(f *judge.Facts) {
			f.Engine.State = activities.SagaMissing
		}, []found{yes(judge.SagaMissing, "I4")}},
		"ThereIsNoSagaAndSettleWouldBeLiedTo": {pendingFacts(), func(f *judge.Facts) {
			f.Engine.State, f.Payment.Blind, f.Payment.Provider = activities.SagaMissing, true, taken(1, total.Minor)
		}, []found{no(judge.SagaMissing, "I4")}},
		"ThereIsNoSagaAndNobodyKnowsOfTheMoney": {pendingFacts(), func(f *judge.Facts) {
			f.Engine.State, f.Payment, f.Unasked = activities.SagaMissing, nil, []string{"payment"}
		}, []found{no(judge.SagaMissing, "I4")}},
		"TheEngineWasNotAsked": {pendingFacts(), func(f *judge.Facts) { f.Engine = nil }, nil},

		"ThereIsNoSuchOrder": {confirmedFacts(), func(f *judge.Facts) { f.Order = nil }, []found{no(judge.UnknownOrder, "I5")}},
		"ThereIsNoSuchOrderAndNothingIsLeft": {cancelledFacts(), func(f *judge.Facts) {
			f.Order = nil
		}, []found{no(judge.UnknownOrder, "I5")}},
		"OnlyTheProviderKnowsIt": {confirmedFacts(), func(f *judge.Facts) {
			*f = judge.Facts{Saga: "stranger", Payment: &paymentaudit.Fact{Saga: "stranger", Provider: taken(1, 5)}}
		}, []found{no(judge.UnknownOrder, "I5")}},
		"TheOrderServiceWasNotAsked": {confirmedFacts(), func(f *judge.Facts) {
			f.Order, f.Unasked = nil, []string{"order"}
		}, nil},

		"AConfirmedOrderHoldsStock": {confirmedFacts(), func(f *judge.Facts) {
			f.Inventory.Stock = append(f.Inventory.Stock, inventoryaudit.StockFact{Step: "inventory.reserve", State: inventory.Held, Units: 1, Undoable: true})
		}, []found{no(inventoryaudit.StockHeld, "I3")}},
		"AConfirmedOrderHasNoStock": {confirmedFacts(), func(f *judge.Facts) {
			f.Inventory = nil
		}, []found{no(inventoryaudit.StockNotSold, "I3"), no(judge.ParcelMissing, "I3")}},
		"AConfirmedOrderHasTooLittleStock": {confirmedFacts(), func(f *judge.Facts) {
			f.Inventory.Stock[0].Units = 2
		}, []found{no(inventoryaudit.StockNotSold, "I3")}},
		"AConfirmedOrderWasNotPaid": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment = nil
		}, []found{no(paymentaudit.MoneyNotTaken, "I1")}},
		"AConfirmedOrderWasPaidTooMuch": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Ours, f.Payment.Provider = taken(1, total.Minor+1), taken(1, total.Minor+1)
		}, []found{no(paymentaudit.MoneyAmount, "I1")}},
		"AConfirmedOrderWasPaidTwiceAtTheProvider": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Provider = taken(2, 2*total.Minor)
		}, []found{no(paymentaudit.TakenTwice, "I6")}},
		"AConfirmedOrderHoldsMoney": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Holds = []paymentaudit.HoldFact{held()}
		}, []found{no(paymentaudit.MoneyHeld, "I3")}},
		"AConfirmedOrderMissesAParcel": {confirmedFacts(), func(f *judge.Facts) {
			f.Shipping.Parcels = f.Shipping.Parcels[:1]
		}, []found{no(judge.ParcelMissing, "I3")}},
		"AConfirmedOrderWasQuotedOtherwise": {confirmedFacts(), func(f *judge.Facts) {
			other := money.New(1, "EUR")
			f.Catalog.Total = &other
		}, []found{no(judge.Quote, "I9")}},
		"AConfirmedOrderHasNoQuote": {confirmedFacts(), func(f *judge.Facts) {
			f.Catalog = nil
		}, []found{no(judge.Quote, "I9")}},
		"AConfirmedOrdersQuoteIsUnreadable": {confirmedFacts(), func(f *judge.Facts) {
			f.Catalog = &catalogaudit.Fact{Saga: judged, Since: placed, Answers: []string{"x"}}
		}, []found{no(audit.Answer, "I9")}},
		"AQuoteIsOfOtherUnits": {confirmedFacts(), func(f *judge.Facts) {
			f.Catalog.Units = 4
		}, []found{no(judge.Quote, "I9")}},
		"AQuoteOfAnOlderReleaseHasNoUnits": {confirmedFacts(), func(f *judge.Facts) { f.Catalog.Units = 0 }, nil},
		"ACancelledOrderWasQuotedOtherwise": {cancelledFacts(), func(f *judge.Facts) {
			other := money.New(1, "EUR")
			f.Order.Total = &other
		}, []found{no(judge.Quote, "I9")}},
		"ACancelledOrderWasNeverTold": {cancelledFacts(), func(f *judge.Facts) { f.Order.Total = nil }, nil},
		"ACancelledOrderAskedForOtherMoneyThanWasQuoted": {cancelledFacts(), func(f *judge.Facts) {
			f.Payment.Asked = []money.Amount{total, money.New(1, "EUR")}
		}, []found{no(judge.Quote, "I9")}},
		"AConfirmedOrderHasWaivers": {confirmedFacts(), func(f *judge.Facts) {
			f.Order.Waivers = waive("inventory.reserve")
		}, []found{no(audit.Undo, "I8")}},
		"MoreWasPaidBackThanTaken": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Provider.Refunded = total.Minor + 1
		}, []found{no(audit.Undo, "I8")}},
		"WhatHadNotHappenedWasUndone": {cancelledFacts(), func(f *judge.Facts) {
			f.Inventory.Undone = []string{"x"}
			f.Payment.Undone = []audit.Difference{{Step: "payment.authorize", What: "x"}}
			f.Shipping.Undone = []audit.Difference{{Step: "shipping.book", What: "x"}}
		}, []found{no(audit.Undo, "I8"), no(audit.Undo, "I8"), no(audit.Undo, "I8")}},
		"WhatAPersonTookBackWasWaived": {cancelledFacts(), func(f *judge.Facts) {
			f.Order.Waivers = waive("payment.authorize", "shipping.book")
			f.Payment.Undone = []audit.Difference{{Step: "payment.authorize", What: "x"}}
			f.Shipping.Undone = []audit.Difference{{Step: "shipping.book", What: "x"}}
		}, nil},
		"WhatWasAnsweredDidNotHappen": {confirmedFacts(), func(f *judge.Facts) {
			f.Catalog.Answers, f.Inventory.Answers, f.Payment.Answers, f.Shipping.Answers = []string{"x"}, []string{"x"}, []string{"x"}, []string{"x"}
		}, []found{no(audit.Answer, "I9"), no(audit.Answer, "I9"), no(audit.Answer, "I9"), no(audit.Answer, "I9")}},
		"AnUndecidedOrderIsNotJudgedByItsBooks": {pendingFacts(), func(f *judge.Facts) {
			f.Order.NeedsAttention, f.Catalog.Units = true, 4
			f.Payment.Undone, f.Payment.Answers = []audit.Difference{{Step: "payment.authorize", What: "x"}}, []string{"x"}
		}, nil},
		"ThereIsNoSuchOrderAndItsEffectsWereTakenBack": {cancelledFacts(), func(f *judge.Facts) {
			*f = judge.Facts{Saga: f.Saga, Shipping: &shippingaudit.Fact{Saga: f.Saga, Undone: []audit.Difference{{Step: "shipping.book", What: "x"}}}}
		}, []found{no(judge.UnknownOrder, "I5")}},
		"OnlyTheProviderKnowsOfACapture": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Differ = []audit.Difference{{Step: "payment.capture", What: "x"}}
		}, []found{no(paymentaudit.ProviderBook, "I1")}},
		"OnlyTheCarrierKnowsOfAParcel": {confirmedFacts(), func(f *judge.Facts) {
			f.Shipping.Differ = []audit.Difference{{Step: "shipping.book", What: "x"}}
		}, []found{no(shippingaudit.CarrierBook, "I6")}},
		"ItsHistoryIsNoPath": {confirmedFacts(), func(f *judge.Facts) { f.Order.Wrong = []string{"x"} }, []found{no(orderaudit.History, "I7")}},
		"ItsBarriersContradictItsRows": {confirmedFacts(), func(f *judge.Facts) {
			f.Inventory.Wrong, f.Payment.Wrong, f.Shipping.Wrong, f.Payment.Open = []string{"x"}, []string{"x"}, []string{"x"}, []string{"payment.capture"}
		}, []found{no(audit.Barrier, "I7"), no(audit.Barrier, "I7"), no(audit.Barrier, "I7"), no(audit.Barrier, "I7")}},

		"ACancelledOrderHoldsEverything": {cancelledFacts(), func(f *judge.Facts) {
			all := pendingFacts()
			f.Inventory, f.Payment, f.Shipping = all.Inventory, all.Payment, all.Shipping
		}, []found{
			yes(inventoryaudit.StockHeld, "I3"), yes(paymentaudit.MoneyHeld, "I3"),
			yes(shippingaudit.ParcelBooked, "I3"), yes(shippingaudit.ParcelBooked, "I3"),
		}},
		"ACancelledOrderHoldsWhatWasWaived": {cancelledFacts(), func(f *judge.Facts) {
			all := pendingFacts()
			f.Inventory, f.Payment, f.Shipping = all.Inventory, all.Payment, all.Shipping
			f.Order.Waivers = waive("inventory.reserve", "payment.authorize", "shipping.book")
			f.Payment.Differ = []audit.Difference{{Step: "payment.authorize", What: "x"}}
		}, nil},
		"AWaiverIsOfItsStepOnly": {cancelledFacts(), func(f *judge.Facts) {
			all := pendingFacts()
			f.Inventory, f.Payment = all.Inventory, all.Payment
			f.Order.Waivers = waive("inventory.reserve")
		}, []found{yes(paymentaudit.MoneyHeld, "I3")}},
		"ACancelledOrderHoldsWhatItsBarrierSaysIsUndone": {cancelledFacts(), func(f *judge.Facts) {
			f.Inventory = pendingFacts().Inventory
			f.Inventory.Stock[0].Undoable = false
		}, []found{no(inventoryaudit.StockHeld, "I3")}},
		"ACancelledOrderWasPaid": {cancelledFacts(), func(f *judge.Facts) {
			f.Payment.Ours, f.Payment.Provider = taken(1, 5), taken(1, 5)
		}, []found{no(paymentaudit.MoneyTaken, "I1")}},
		"ACancelledOrderWasPaidAtTheProviderOnly": {cancelledFacts(), func(f *judge.Facts) {
			f.Payment.Provider = taken(1, 5)
		}, []found{no(paymentaudit.MoneyTaken, "I1")}},
		"ACancelledOrderWasPaidBack": {cancelledFacts(), func(f *judge.Facts) {
			f.Payment.Ours = paymentaudit.Taken{Captures: 1, Captured: 5, Refunded: 5, Currency: "EUR"}
			f.Payment.Provider = f.Payment.Ours
		}, nil},
		"ACancelledOrderThatWasPaidIsNotResumed": {cancelledFacts(), func(f *judge.Facts) {
			f.Inventory = pendingFacts().Inventory
			f.Payment.Ours, f.Payment.Provider = taken(1, 5), taken(1, 5)
		}, []found{no(inventoryaudit.StockHeld, "I3"), no(paymentaudit.MoneyTaken, "I1")}},
		"ACancelledOrderIsNotResumedOnAGuess": {cancelledFacts(), func(f *judge.Facts) {
			f.Inventory, f.Unasked = pendingFacts().Inventory, []string{"payment"}
		}, []found{no(inventoryaudit.StockHeld, "I3")}},
		"ACancelledOrderHasSoldStock": {cancelledFacts(), func(f *judge.Facts) {
			f.Inventory = confirmedFacts().Inventory
		}, []found{no(inventoryaudit.StockSold, "I3")}},
		"TheProviderHoldsTwice": {pendingFacts(), func(f *judge.Facts) {
			f.Order.NeedsAttention = true
			f.Payment.Holds = []paymentaudit.HoldFact{held(), held()}
		}, []found{no(paymentaudit.HeldTwice, "I6")}},
		// It failed on a later page: the facts that it gave are whole.
		"AServiceThatAnsweredInPartIsJudgedByItsFacts": {confirmedFacts(), func(f *judge.Facts) {
			f.Payment.Provider, f.Unasked = taken(2, 2*total.Minor), []string{"payment"}
		}, []found{no(paymentaudit.TakenTwice, "I6")}},
		"ServicesThatWereNotAskedAreNotJudged": {confirmedFacts(), func(f *judge.Facts) {
			*f = judge.Facts{Saga: f.Saga, Order: f.Order, Unasked: []string{"catalog", "inventory", "payment", "shipping"}}
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if tc.change != nil {
				tc.change(tc.facts)
			}
			v := judge.Judge(*tc.facts, judgement, grace)
			require.False(t, v.Young)
			var got []found
			for _, f := range v.Findings {
				require.Equal(t, tc.facts.Saga, f.Order)
				require.NotEmpty(t, f.Detail)
				require.NotContains(t, f.Detail, "%!")
				require.Contains(t, judge.Kinds, f.Kind)
				got = append(got, found{f.Kind, f.Invariant, f.Repairable})
			}
			require.Equal(t, tc.want, got, v.Findings)
		})
	}
}

// Pages read one after the other are no snapshot: a young order may still be on its
// way.
func TestTheDoctorJudgesNothingYoung(t *testing.T) {
	t.Parallel()

	wrong := confirmedFacts()
	wrong.Payment = nil
	due := wrong.Order.DecideBy.Add(grace)
	require.Equal(t, judge.Verdict{Young: true}, judge.Judge(*wrong, due.Add(-time.Nanosecond), grace))
	require.Len(t, judge.Judge(*wrong, due, grace).Findings, 1)

	unknown := confirmedFacts()
	unknown.Order = nil
	require.Empty(t, judge.Judge(*unknown, placed.Add(grace-1), grace).Findings)
	require.Len(t, judge.Judge(*unknown, placed.Add(grace), grace).Findings, 1)
}

func TestAnOrderThatIsFlaggedCountsAsSuch(t *testing.T) {
	t.Parallel()

	f := pendingFacts()
	f.Order.NeedsAttention = true
	require.True(t, judge.Judge(*f, judgement, grace).NeedsAttention)
}
