// Package reactions says what the facts of services mean to those that follow them: one
// file for each listener, which maps the facts to the listener's own types. A service knows
// no other one, so neither the teller nor the listener can.
package reactions
