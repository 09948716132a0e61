package judge_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/saga/audit"
	"github.com/amends/amends/services/inventory"
	inventoryaudit "github.com/amends/amends/services/inventory/audit"
	notificationaudit "github.com/amends/amends/services/notification/audit"
	"github.com/amends/amends/services/order"
	orderaudit "github.com/amends/amends/services/order/audit"
	"github.com/amends/amends/workflows/doctor/judge"
)

// kinds returns the kinds of the findings about f.
func kinds(f judge.Facts) (all []audit.Kind) {
	for _, found := range judge.Judge(f, judgement, grace).Findings {
		all = append(all, found.Kind)
	}
	return all
}

// An imported order has neither payment nor parcels here, and no mail of it: as it should be.
func TestAnImportedOrderIsJudgedByItsOwnRule(t *testing.T) {
	t.Parallel()
	facts := func() judge.Facts {
		o := *confirmedFacts().Order
		o.Origin = order.Legacy
		return judge.Facts{Saga: judged, Order: &o, Told: placed.Add(-1)}
	}
	require.Empty(t, kinds(facts()))

	for name, c := range map[string]struct {
		damage func(*judge.Facts)
		want   audit.Kind
	}{
		"ItIsPaidHere":       {func(f *judge.Facts) { f.Payment = confirmedFacts().Payment }, judge.ImportedActs},
		"ItTakesStockHere":   {func(f *judge.Facts) { f.Inventory = confirmedFacts().Inventory }, judge.ImportedActs},
		"ItIsSentHere":       {func(f *judge.Facts) { f.Shipping = confirmedFacts().Shipping }, judge.ImportedActs},
		"ItIsQuotedHere":     {func(f *judge.Facts) { f.Catalog = confirmedFacts().Catalog }, judge.ImportedActs},
		"ItsCustomerIsTold":  {func(f *judge.Facts) { f.Mails = &notificationaudit.Fact{Saga: judged} }, judge.ImportedActs},
		"ItsHistoryIsBroken": {func(f *judge.Facts) { f.Order.Wrong = []string{"no path"} }, orderaudit.History},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := facts()
			c.damage(&f)
			require.Equal(t, []audit.Kind{c.want}, kinds(f))
		})
	}
}

// The monolith sells from the one stock for orders that are not here.
func TestAReservationOfTheMonolithIsJudgedByItsOwnRule(t *testing.T) {
	t.Parallel()
	saga := inventory.LegacySaga(judged)
	facts := func(states ...inventory.State) judge.Facts {
		f := judge.Facts{Saga: saga, Inventory: &inventoryaudit.Fact{Saga: saga, Since: placed}}
		for _, s := range states {
			f.Inventory.Stock = append(f.Inventory.Stock, inventoryaudit.StockFact{Step: "inventory.reserve", State: s, Units: 2})
		}
		return f
	}
	require.Empty(t, kinds(facts()), "released")
	require.Empty(t, kinds(facts(inventory.Committed)))
	require.Equal(t, []audit.Kind{inventoryaudit.StockHeld}, kinds(facts(inventory.Held)))
	require.Empty(t, judge.Judge(facts(inventory.Held), placed.Add(grace-1), grace).Findings, "it is young")
	require.Equal(t, []audit.Kind{inventoryaudit.StockSold}, kinds(facts(inventory.Committed, inventory.Committed)))
	wrong := facts(inventory.Committed)
	wrong.Inventory.Wrong = []string{"the barrier says otherwise"}
	require.Equal(t, []audit.Kind{audit.Barrier}, kinds(wrong))

	foreign := facts(inventory.Committed)
	foreign.Saga = judged
	foreign.Inventory.Saga = judged
	require.Equal(t, []audit.Kind{judge.UnknownOrder}, kinds(foreign), "any other saga needs its order")
}
