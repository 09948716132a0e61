package console

import (
	"net/http"
	"time"

	"github.com/amends/amends/api/contract"
)

// acts are the requests of people, as the admin address lists them, and a redrive.
func (w *world) acts(get func(string, func(*http.Request) any)) {
	get("/v1/redrives/{id}", func(*http.Request) any {
		return contract.Redrive{
			Id: "rdr_2", Group: "payment", Selection: "all", Reason: canary, Operator: canary, Rate: 50, State: "stopped", CreatedAt: w.at(time.Minute),
			Requested: 12, Handled: 7, Failed: 1, Skipped: 1, FailedEvent: new("e9" + canary),
		}
	})
	get("/v1/audit", func(*http.Request) any {
		out := contract.Audit{Acts: []contract.Act{}}
		if !w.empty {
			out.Acts = []contract.Act{
				{Id: "5", At: w.at(time.Minute), By: "night", Kind: "order", About: new(flagged), Did: "retry payment.authorize", Reason: new(canary)},
				{Id: "4", At: w.at(time.Hour), By: "account mia", Kind: "case", About: new(caseID), Did: "answer"},
				{Id: "3", At: w.at(2 * time.Hour), By: canary, Kind: "route", About: new("orders"), Did: "set canary, 12.5 %", Reason: new("the copies are the same")},
				{Id: "2", At: w.at(3 * time.Hour), By: "night", Kind: "letter", About: new("payment/e1"), Did: "redrive", Reason: new("it is mended")},
				{Id: "0", At: w.at(3 * time.Hour), By: "night", Kind: "batch", About: new("BATCH7"), Did: "retry 37 orders", Reason: new("it is mended")},
				{Id: "1", At: w.at(4 * time.Hour), By: "night", Kind: "platform", Did: "run the doctor"},
			}
			out.NextCursor = new("older")
		}
		return out
	})
}

// try answers a dry run of a repair, which is refused while refuse has a code.
func (w *world) try(rw http.ResponseWriter, what string, o *contract.OperatorsOrder) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, what)
	if w.refuse != "" {
		problem(rw, 409, w.refuse)
		return
	}
	o.DryRun = &contract.DryRun{
		Tells: new("order.aborted" + canary), Waives: new("money held: 126.00 EUR"), Clears: &[]contract.Attention{{Step: "payment.authorize", Code: canary}},
		Asks: []contract.AskedStep{
			{Step: "payment.capture", Call: contract.CallSettle},
			{Step: "payment.authorize", Call: contract.CallUndo, Amount: new(euro(12600))},
			{Step: "inventory.reserve", Call: contract.CallUndo, Units: new(int64(3))},
			{Step: "shipping.book", Call: contract.CallTake, Parcels: new(int64(1))},
		},
	}
	write(rw, 200, o)
}
