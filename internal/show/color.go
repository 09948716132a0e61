package show

import "strings"

// The colors of states, as a terminal is told them.
const (
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	red    = "\x1b[31m"
	plain  = "\x1b[0m"
)

// meanings is the one table from the words of states to colors: green for a good end,
// yellow for work that goes on, red for what needs a person. A word that it does not have
// is shown as it is: a cancelled order is an end like others.
var meanings = map[string]string{
	"confirmed": green, "done": green, "yes": green, "sent": green, "delivered": green, "captured": green, "published": green, "ok": green, "active": green,
	"pending": yellow, "running": yellow, "waiting": yellow, "undoing": yellow, "again": yellow, "retry": yellow, "warning": yellow, "late": yellow, "locked": yellow,
	"refused": red, "flagged": red, "waived": red, "dead": red, "parked": red, "failed": red, "stopped": red, "dropped": red, "critical": red, "error": red, "no": red,
}

// colorOf returns the color of a state by its first word, "" for none.
func colorOf(state string) string {
	word, _, _ := strings.Cut(state, " ")
	return meanings[strings.ToLower(strings.Trim(word, ",:"))]
}

// painted returns a cell in its color.
func (t *Table) painted(row, column int, cell string, colored bool) string {
	c := t.states[row][column]
	if !colored || c == "" || cell == "" {
		return cell
	}
	return c + cell + plain
}
