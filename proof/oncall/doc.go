// Package oncall plants faults in platforms of whole processes, and does what a person on call
// does: it runs the commands of the runbook until one names the order, the step, the amount
// and the cause, repairs the order by a command that keeps who did it and why, and waits until
// all is well. `make oncall` does so in about ten minutes, and writes the seconds of every
// command into docs/runbooks/README.md.
package oncall
