package console

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/amends/amends/api/contract"
)

// interrupted is a batch of a process that has ended.
func (w *world) interrupted() *contract.Batch {
	return &contract.Batch{Id: "BATCH7", Action: "retry", Reason: canary, By: canary, CreatedAt: w.at(time.Hour), Orders: []contract.BatchOrder{
		{Id: confirmed, State: "done", Note: new("settled: CONFIRMED"), By: new("ann")},
		{Id: undone, State: "failed", Note: new(canary), By: new(canary)},
		{Id: flagged, State: "waiting"},
	}}
}

// keepBatches are batches, as the admin address keeps them.
func (w *world) keepBatches(mux *http.ServeMux, get func(string, func(*http.Request) any)) {
	w.batches = map[string]*contract.Batch{"BATCH7": w.interrupted()}
	get("/v1/batches/{id}", func(r *http.Request) any {
		w.mu.Lock()
		defer w.mu.Unlock()
		if b := w.batches[r.PathValue("id")]; b != nil {
			return batchCopy(*b)
		}
		return nil
	})
	mux.HandleFunc("POST /v1/batches", func(rw http.ResponseWriter, r *http.Request) {
		var in contract.StartBatch
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.journal {
			problem(rw, 503, "UNAVAILABLE")
			return
		}
		b := contract.Batch{Id: "BATCH" + strconv.Itoa(len(w.batches)), Action: string(in.Action), Reason: in.Reason, By: bearer(r), CreatedAt: w.now}
		for _, id := range in.Orders {
			b.Orders = append(b.Orders, contract.BatchOrder{Id: id, State: "waiting"})
		}
		w.batches[b.Id] = &b
		write(rw, 201, batchCopy(b))
	})
	mux.HandleFunc("POST /v1/batches/{id}/notes", func(rw http.ResponseWriter, r *http.Request) {
		var in contract.NoteBatch
		_ = json.NewDecoder(r.Body).Decode(&in)
		w.mu.Lock()
		defer w.mu.Unlock()
		b := w.batches[r.PathValue("id")]
		switch {
		case b == nil:
			problem(rw, 404, "NOT_FOUND")
			return
		case in.Order == nil:
			b.Stopped = in.State == contract.NoteStopped
			b.Turn++
		case in.Note != nil && *in.Note == canary:
			problem(rw, 422, "VALIDATION_FAILED")
			return
		}
		for i := range b.Orders {
			if in.Order != nil && b.Orders[i].Id == *in.Order {
				b.Orders[i] = contract.BatchOrder{Id: *in.Order, State: string(in.State), Note: in.Note, By: new(bearer(r))}
			}
		}
		write(rw, 200, batchCopy(*b))
	})
}

func batchCopy(b contract.Batch) contract.Batch {
	b.Orders = append([]contract.BatchOrder{}, b.Orders...)
	return b
}
