// Package reactions says what the facts of services mean to those that follow them: one
// file for each listener. A service knows no other one, so neither the teller nor the
// listener can.
//
// The read model and the notification service map facts to types of their own. The
// services that take the steps of an order react to them: together their reactions are
// the choreographed saga of an order, see [Choreography]. Each is declared as data, as a
// step is in package activities, and bound to the service that runs in the process.
package reactions
