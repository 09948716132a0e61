// Package trial is shared by the forms of the console that can ask for a dry run.
package trial

import (
	"cmp"
	"strings"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/web/console/visit"
	"github.com/amends/amends/web/console/words"
)

// Wanted reports whether the form of a visit asks for a dry run.
func Wanted(v *visit.Visit) bool { return v.R.PostFormValue("dry_run") != "" }

// Effects tells the effects of a request, in words.
func Effects(d contract.DryRun) (all []string) {
	if d.Tells != nil {
		all = append(all, "tells "+*d.Tells+" again")
	}
	if d.Waives != nil {
		all = append(all, "leaves "+cmp.Or(*d.Waives, "the effect, if there is one,")+" as it is, with a waiver")
	}
	for _, f := range words.Deref(d.Clears) {
		all = append(all, "takes down the flag of "+f.Step+" ("+f.Code+")")
	}
	for i, a := range d.Asks {
		verb := "then, as far as it is left to do, "
		if i == 0 {
			verb = ""
		}
		all = append(all, verb+asked(a))
	}
	if d.Leaves != nil {
		all = append(all, words.Amount(d.Leaves)+" could be paid back after that")
	}
	return all
}

// asked tells of one step that would be asked, and for how much.
func asked(a contract.AskedStep) string {
	said := []string{map[contract.AskedStepCall]string{
		contract.CallTake: "asks " + a.Step, contract.CallUndo: "asks for the undo of " + a.Step,
		contract.CallSettle: "asks whether " + a.Step + " has happened, and blocks it if not",
	}[a.Call]}
	if a.Amount != nil {
		said = append(said, words.Amount(a.Amount))
	}
	if a.Units != nil {
		said = append(said, words.Plural(a.Units, "unit", "units"))
	}
	if a.Parcels != nil {
		said = append(said, words.Plural(a.Parcels, "parcel", "parcels"))
	}
	return strings.Join(said, ", ")
}
