package watch

import (
	"maps"

	"github.com/amends/amends/activities"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga"
)

// Words explain to an operator why a step of any service makes no progress.
type Words activities.Words

// NewWords returns the words that all services share, and those of the services.
func NewWords(services ...activities.Words) Words {
	w := Words{Codes: maps.Clone(shared), Unknown: map[string]string{}}
	for _, s := range services {
		maps.Copy(w.Codes, s.Codes)
		maps.Copy(w.Unknown, s.Unknown)
	}
	return w
}

// shared explains the codes that every service uses, and those of the saga.
var shared = map[fault.Code]string{
	fault.Unavailable: "something that the step needs does not answer, its database for example",
	fault.Locked:      "another transaction holds a lock on a row that the step needs: a person's open transaction, a report or a bulk load",
	fault.Timeout:     "no answer came in time: its worker is down, or what it calls is too slow",
	fault.Suspended:   "an earlier run of the saga was aborted and left no reason",
	fault.Mismatch:    "the step was requested twice under one key and with other contents, which is a bug",
	fault.NotFound:    "the object of the step does not exist: a bug, or a database that was restored",
	fault.Invalid:     "the step's request breaks a rule that no retry can mend, which is a bug",
	fault.Conflict:    "the service's records contradict the step: a bug, or a database that was restored",
	fault.Denied:      "the service does not let the caller in: a certificate, a secret or the policy is wrong",
	fault.Internal:    "an internal error, which its worker's log explains",

	"SAGA_TERMINATED": "the order's workflow was terminated: nothing works on it, and nothing was undone",
	"SAGA_FAILED":     "the order's workflow has failed: nothing works on it",
	"SAGA_TIMEDOUT":   "the order's workflow was given a timeout, which has passed: nothing works on it",
	"SAGA_CANCELED":   "the order's workflow ended as canceled: nothing works on it",
	"SAGA_STANDS":     "no service has gone on with the order for a minute: one does not listen, or an event was lost",
	"SAGA_MISSING":    "the engine has no workflow of the order: nothing works on it",

	saga.TakenAfterWaiver: "an operator waived the undo of the step, and a later run has taken the step again: review its effect, and correct it",
}

// Explain returns, as a part of a sentence, why a step needs attention whose last
// attempt failed with a code of a kind.
func (w Words) Explain(step string, code fault.Code, kind fault.Kind) string {
	why, known := w.Codes[code]
	if !known {
		why = "the last attempt failed with " + string(code)
	}
	if kind != fault.Unknown {
		return why
	}
	fact, known := w.Unknown[step]
	if !known {
		fact = step + " took effect"
	}
	return "it is not known whether " + fact + ": " + why
}
