package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
)

// asOperator asks the admin address of `amends dev` in the name of its operator, reads the answer,
// and returns its status.
func (p *platformUnderTest) asOperator(t *testing.T, dir, path string, into any) int {
	t.Helper()
	status, answer := call(t, http.MethodGet, p.admin+path, "", map[string]string{"Authorization": "Bearer " + accessOf(t, dir).OperatorToken})
	again, err := json.Marshal(answer)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(again, into))
	return status
}

// showsWhatAnOrderHas asks for the stock, the parcels, the ledger and the invoice of an
// orchestrated order, and of a choreographed one.
func showsWhatAnOrderHas(t *testing.T, p *platformUnderTest, dir, orchestrated string) {
	t.Helper()
	status, placed := call(t, http.MethodPost, p.api+"/v1/orders", strings.Replace(mugForBerlin, `"currency"`, `"style":"choreographed","currency"`, 1),
		map[string]string{"Content-Type": "application/json", "Idempotency-Key": "choreographed-which-cannot-be-guessed"})
	require.Equal(t, http.StatusAccepted, status, "%v", placed)
	for _, id := range []string{orchestrated, text(t, placed["id"])} {
		var invoice contract.Invoice
		require.Eventually(t, func() bool {
			invoice = contract.Invoice{}
			return p.asOperator(t, dir, "/v1/orders/"+id+"/invoice", &invoice) == http.StatusOK
		}, patience, 100*time.Millisecond, "the order is confirmed")
		require.NotEmpty(t, invoice.Number)
		require.Equal(t, int64(1850), invoice.Total.Amount)
		require.Nil(t, invoice.ShipTo)

		var h contract.Holdings
		require.Eventually(t, func() bool { // a choreographed order is confirmed before its stock is sold
			h = contract.Holdings{}
			return p.asOperator(t, dir, "/v1/orders/"+id+"/holdings", &h) == http.StatusOK && h.Missing == nil && (*h.Reservations)[0].State == "committed"
		}, patience, 100*time.Millisecond)
		require.Equal(t, invoice.Number, *h.Payment.InvoiceNumber)
		require.Len(t, *h.Reservations, 1)
		require.Equal(t, []contract.ReservationLine{{Sku: "MUG-STONEWARE", Warehouse: "BER", Quantity: 1}}, (*h.Reservations)[0].Lines)
		require.False(t, (*h.Reservations)[0].TakenBack)
		require.Len(t, h.Shipments, 1)
		require.Equal(t, "booked", h.Shipments[0].State)
		require.NotEmpty(t, *h.Shipments[0].Carrier)
		require.NotEmpty(t, *h.Shipments[0].TrackingNumber)
		require.Len(t, *h.Postings, 2, "held and captured")
	}
}
