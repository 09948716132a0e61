package console

import (
	"net/http"
	"strings"
	"time"

	"github.com/amends/amends/api/contract"
)

// holdings are those of every order.
func (w *world) holdings() contract.Holdings {
	switch {
	case w.empty:
		return contract.Holdings{Postings: &[]contract.PostingSet{}, Reservations: &[]contract.Reservation{}, Shipments: []contract.Shipment{}}
	case w.lost:
		return contract.Holdings{Shipments: []contract.Shipment{}, Missing: &contract.Missing{{Part: "payment"}, {Part: "ledger"}, {Part: "stock"}, {Part: "shipments"}}}
	}
	return contract.Holdings{
		Postings: &[]contract.PostingSet{
			{At: w.at(4 * time.Minute), Kind: "hold", Lines: []contract.PostingLine{{Account: "funds_held", Amount: euro(12600)}, {Account: "funds_held_contra", Amount: euro(-12600)}}},
		},
		Payment: &contract.Payment{State: "authorized", Amount: euro(12600), InvoiceNumber: new("INV-00000042")},
		Reservations: &[]contract.Reservation{
			w.reservation("released", contract.ReservationLine{Sku: "MUG-STONEWARE", Warehouse: "BER", Quantity: 2}),
			w.reservation("held", contract.ReservationLine{Sku: "MUG-STONEWARE", Warehouse: "AMS", Quantity: 2}, contract.ReservationLine{Sku: canary, Warehouse: "BER", Quantity: 1}),
		},
		Shipments: []contract.Shipment{{Warehouse: "BER", State: "booked", Carrier: new("post" + canary), TrackingNumber: new("T-1" + canary)}, {Warehouse: "AMS", State: "cancelled"}},
	}
}

func (w *world) reservation(state string, lines ...contract.ReservationLine) contract.Reservation {
	return contract.Reservation{Step: "inventory.reserve", State: state, CreatedAt: w.at(5 * time.Minute), UpdatedAt: w.at(4 * time.Minute), Lines: lines}
}

// invoice has a page for the invoice of the confirmed order, in the language of its reader, and
// one that refuses those of others.
func (w *world) invoice(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/orders/{id}/invoice", func(rw http.ResponseWriter, r *http.Request) {
		if w.away || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			problem(rw, 503, "UNAVAILABLE")
			return
		}
		rw.Header().Set("Content-Type", "text/html; charset=utf-8")
		rw.Header().Set("Content-Security-Policy", "default-src 'none'")
		if r.PathValue("id") != confirmed {
			rw.WriteHeader(http.StatusConflict)
			_, _ = rw.Write([]byte("<h1>Not confirmed</h1>"))
			return
		}
		_, _ = rw.Write([]byte("<h1>INV-00000042 in " + r.Header.Get("Accept-Language") + "</h1>"))
	})
}
