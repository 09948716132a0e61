package console

import (
	"net/http"
	"time"

	"github.com/amends/amends/api/contract"
)

// doctorRun is one with a report.
const doctorRun = "019a3f6c-6c2e-7b1d-9d7e-0f3a5b8c1e22"

// doctor has runs of every state, on two pages.
func (w *world) doctor(get func(string, func(*http.Request) any), mux *http.ServeMux) {
	get("/v1/doctor", func(*http.Request) any {
		if w.empty {
			return contract.DoctorState{}
		}
		return contract.DoctorState{EverySeconds: 600, Report: new(w.report())}
	})
	mux.HandleFunc("POST /v1/doctor/runs", func(rw http.ResponseWriter, _ *http.Request) { write(rw, 200, w.report()) })
	run := func(id, state string, s *contract.DoctorSummary) contract.DoctorRun {
		out := contract.DoctorRun{Id: id, Scheduled: s == nil || s.ChangedSince != nil, State: state, StartedAt: w.at(6 * time.Minute), Summary: s}
		if state != "running" {
			out.EndedAt = new(w.at(6*time.Minute - 2500*time.Millisecond))
		}
		return out
	}
	wrong := run(doctorRun, "completed", &contract.DoctorSummary{Orders: 12, Judged: 10, SkippedYoung: 2, Found: 1, Unasked: 1, Kinds: []contract.DoctorCount{{Kind: "money_taken", Count: 1}}})
	get("/v1/doctor/runs", func(r *http.Request) any {
		switch {
		case w.empty:
			return contract.DoctorRuns{Runs: []contract.DoctorRun{}}
		case r.URL.Query().Get("cursor") == "older":
			return contract.DoctorRuns{Runs: []contract.DoctorRun{run("r5", "completed", nil)}}
		}
		return contract.DoctorRuns{NextCursor: new("older"), Runs: []contract.DoctorRun{
			run("r1", "running", nil), wrong, run("r2", "completed", &contract.DoctorSummary{Ok: true, ChangedSince: new(w.at(time.Hour)), Kinds: []contract.DoctorCount{}}),
			run("r3", "completed", &contract.DoctorSummary{Ok: true, Orders: 3, Judged: 3, Found: 2, Repaired: 2, Kinds: []contract.DoctorCount{{Kind: "saga_stopped", Count: 2}}}), run("r4", "timed_out", nil),
		}}
	})
	get("/v1/doctor/runs/{id}", func(r *http.Request) any {
		switch r.PathValue("id") {
		case doctorRun:
			wrong.Report = new(w.report())
			return wrong
		case "r1":
			return run("r1", "running", nil)
		case "r4":
			return run("r4", "timed_out", nil)
		}
		return nil
	})
}

func (w *world) report() contract.DoctorReport {
	return contract.DoctorReport{
		StartedAt: w.at(time.Minute), EndedAt: w.now, Orders: 12, Judged: 10, SkippedYoung: 2, Found: 1, NeedsAttention: 1,
		Findings: []contract.DoctorFinding{{Kind: "MONEY_TAKEN", Severity: "critical", Invariant: "money", Order: new(flagged), Service: "payment", Detail: canary, Note: new(canary), Holds: new("money taken: 126.00 EUR")}},
		Holds:    &contract.Exposure{MoneyHeld: []contract.Money{}, MoneyTaken: []contract.Money{euro(12600)}, StockHeld: 3},
		Unasked:  []contract.UnaskedService{{Service: "shipping", Times: 3, Error: canary}},
	}
}
