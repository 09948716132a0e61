package support

import "github.com/amends/amends/event"

// Facts are all facts of the service, those below.
var Facts []event.Declaration

// The facts that the service tells. None has a text, a subject or a customer: a listener
// asks for the case by id, and is checked.
var (
	// OpenedFact is told when a customer opens a case.
	OpenedFact = declare[OpenedData](event.Declaration{Name: "case_opened", About: "A customer asks support about the order."})
	// AnsweredFact is told when a message is added to a case, by either side.
	AnsweredFact = declare[AnsweredData](event.Declaration{Name: "case_answered", About: "A side of the case has written another message."})
	// AssignedFact is told when the case goes to another person of support, or to none.
	AssignedFact = declare[AssignedData](event.Declaration{Name: "case_assigned", About: "Another person of support, or none, takes care of the case."})
	// ClosedFact is told when a case is closed.
	ClosedFact = declare[ClosedData](event.Declaration{Name: "case_closed", About: "The case takes no more messages."})
)

// declare adds a fact to the list.
func declare[Data any](d event.Declaration) event.Fact[Data] {
	d.Service, d.Version, d.Key = "support", 1, "order"
	f := event.Declare[Data](d)
	Facts = append(Facts, f.Declaration)
	return f
}

// OpenedData is a new case.
type OpenedData struct {
	Case  string `json:"case"`
	Order string `json:"order"`
}

// AnsweredData is a case with another message.
type AnsweredData struct {
	Case  string `json:"case"`
	Order string `json:"order"`
	By    Side   `json:"by"`
}

// AssignedData is a case that another person takes care of.
type AssignedData struct {
	Case  string `json:"case"`
	Order string `json:"order"`
	// Assigned reports that there is such a person.
	Assigned bool `json:"assigned"`
}

// ClosedData is a case that is closed.
type ClosedData struct {
	Case  string `json:"case"`
	Order string `json:"order"`
	By    Side   `json:"by"`
}
