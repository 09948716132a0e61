package activities

import "github.com/amends/amends/fault"

// Words explain to an operator why a step of one service makes no progress.
type Words struct {
	// Codes explains the service's fault codes, each by a part of a sentence.
	Codes map[fault.Code]string
	// Unknown is the fact that is not known while a step's outcome is not, by the
	// step's name. For a step with an undo that is whether its effect still stands:
	// the undo is flagged.
	Unknown map[string]string
}
