// Package bridge is all that passes between the services and a monolith that is being
// strangled while both serve: the monolith's reservations of the one stock come in by [Door],
// the orders that were placed here go back by [Back]. It ends with the monolith, and the
// services do not know it.
package bridge

import (
	"crypto/subtle"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/key"
	"github.com/amends/amends/services/inventory"
)

// mostBody is the largest request, in bytes.
const mostBody = 1 << 20

// The steps of a reservation in the inventory's ledger.
const (
	reserveStep = "inventory.reserve"
	commitStep  = "inventory.commit"
)

// Door is where the monolith reserves stock. A reservation is known by the monolith's order,
// and each call may be repeated: it happens once.
//
//	PUT /reservations/{order}  {"state": "held", "lines": […]}   200, or 409 OUT_OF_STOCK
//	PUT /reservations/{order}  {"state": "sold" | "released"}    200
//	GET /stock/{sku}                                             [{"warehouse", "available"}]
type Door struct {
	Inventory inventory.Service
	// Token lets in who knows it.
	Token  string
	Logger *slog.Logger
}

// Handler returns the door.
func (d Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /reservations/{order}", d.reserve)
	mux.HandleFunc("GET /stock/{sku}", d.stock)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if d.Token == "" || subtle.ConstantTimeCompare([]byte(token), []byte(d.Token)) != 1 {
			http.Error(w, "the door needs the token", http.StatusUnauthorized)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// reservation is the state of the stock of one order.
type reservation struct {
	State string           `json:"state"`
	Lines []inventory.Line `json:"lines,omitempty"`
}

func (d Door) reserve(w http.ResponseWriter, r *http.Request) {
	var asked reservation
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, mostBody)).Decode(&asked); err != nil {
		http.Error(w, "the body is no reservation", http.StatusBadRequest)
		return
	}
	saga := inventory.LegacySaga(r.PathValue("order"))
	reserved := key.New(saga, reserveStep)
	var answer any = struct{}{}
	var err error
	switch asked.State {
	case "held":
		answer, err = d.Inventory.Reserve(r.Context(), reserved, inventory.ReserveRequest{Lines: asked.Lines})
	case "sold":
		answer, err = d.Inventory.Commit(r.Context(), key.New(saga, commitStep))
	case "released":
		err = d.Inventory.Release(r.Context(), reserved)
	default:
		http.Error(w, "state is held, sold or released", http.StatusUnprocessableEntity)
		return
	}
	d.answer(w, r, answer, err)
}

func (d Door) stock(w http.ResponseWriter, r *http.Request) {
	type units struct {
		Warehouse string `json:"warehouse"`
		Available int64  `json:"available"`
	}
	all := []units{}
	stock, err := d.Inventory.Stock(r.Context(), r.PathValue("sku"))
	for _, s := range stock {
		all = append(all, units{s.Warehouse, s.Available})
	}
	d.answer(w, r, all, err)
}

// answer answers. A refusal is 409 with its code; whatever may pass is 503.
func (d Door) answer(w http.ResponseWriter, r *http.Request, body any, err error) {
	code := http.StatusOK
	if f := fault.Of(err); f != nil && err != nil {
		code, body = http.StatusServiceUnavailable, map[string]string{"code": string(f.Code)}
		switch f.Kind {
		case fault.Business, fault.Suspension:
			code = http.StatusConflict
		case fault.Bug:
			code = http.StatusInternalServerError
		case fault.Transient, fault.Unknown:
		}
		if code != http.StatusConflict {
			d.Logger.WarnContext(r.Context(), "the door of stock fails", "path", r.URL.Path, "error", err)
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // a monolith that has gone asks again
}
