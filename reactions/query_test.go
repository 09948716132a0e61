package reactions_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/money"
	"github.com/amends/amends/reactions"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/services/order"
	"github.com/amends/amends/services/query"
	"github.com/amends/amends/services/user"
)

// Every sample of a fact that the read model follows, those of all releases too, means a
// change.
func TestQueryReadsEverySample(t *testing.T) {
	t.Parallel()
	const samples = "../testdata/events"
	files, err := filepath.Glob(samples + "/*.json")
	require.NoError(t, err)
	old, err := filepath.Glob(samples + "/released/*/*.json")
	require.NoError(t, err)
	followed := map[string]bool{}
	for _, d := range reactions.Followed() {
		followed[d.Type()] = false
	}
	for _, file := range append(files, old...) {
		var s struct {
			Topic, Key string
			Headers    map[string]string
			Data       json.RawMessage
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, &s), file)
		e, err := event.Decode(event.Message{Topic: s.Topic, Key: s.Key, Header: s.Headers, Data: s.Data})
		require.NoError(t, err, file)
		c, err := reactions.Query(e)
		if _, follows := followed[e.Type]; !follows {
			require.Equal(t, fault.Bug, fault.KindOf(err), file)
			continue
		}
		require.NoError(t, err, file)
		followed[e.Type] = true
		require.True(t, c.Order != nil || c.Entry != nil || c.Product != nil || c.Stock != nil, file)
		if c.Entry != nil {
			require.NotEmpty(t, c.Entry.Step.Name, file)
			require.NotEmpty(t, c.Entry.OrderID, file)
		}
		if c.Order != nil {
			require.NotEmpty(t, c.Order.Steps, file)
			require.NotEmpty(t, c.Order.Lines[0].UnitPrice.Currency, file)
		}
	}
	for fact, read := range followed {
		require.True(t, read, fact)
	}
	require.NotContains(t, followed, user.ChangedFact.Type())
}

func TestAProductThatCostsNothingIsListedAndOneWithoutAPriceIsNot(t *testing.T) {
	t.Parallel()
	for name, price := range map[string]*money.Amount{"free": new(money.New(0, "EUR")), "unpriced": nil} {
		c, err := reactions.Query(catalog.ProductChangedFact.At("a", "", 1, catalog.ProductData{SKU: "a", Price: price, Active: true}))
		require.NoError(t, err)
		require.Equal(t, price != nil, c.Product.Listed, name)
	}
}

func TestAnOrderIsAnAccountsUnlessAGuestHasPlacedIt(t *testing.T) {
	t.Parallel()
	for id, account := range map[string]string{"5d0ee7a8-7d2f-8b5a-9f0e-0242ac120002": "cus_42", "5d0ee7a8-7d2f-4b5a-8f0e-0242ac120002": ""} {
		c, err := reactions.Query(order.PlacedFact.At(id, "", 1, order.Snapshot{ID: id, CustomerID: "cus_42"}))
		require.NoError(t, err)
		require.Equal(t, account, c.Order.Account)
		require.Equal(t, "cus_42", c.Order.CustomerID)
	}
}

func TestAnEventThatDoesNotFitIsABug(t *testing.T) {
	t.Parallel()
	for _, e := range []event.Event{
		{Type: "amends.order.placed.v1", Data: []byte(`[]`)}, {Type: "amends.payment.captured.v1", Data: []byte(`"x"`)}, {Type: "odd"},
	} {
		_, err := reactions.Query(e)
		require.Equal(t, fault.Bug, fault.KindOf(err), e.Type)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), e.Type)
	}
	require.Equal(t, query.TimelineProjection, query.Change{Entry: &query.NewEntry{}}.Projection())
}
