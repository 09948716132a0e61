// Package reactions says what a service does when it hears a fact of another one: one
// file for each listener. Services know nothing of each other, so the facts of all of them
// meet here.
package reactions
