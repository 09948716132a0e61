// Package pages uses the pages for people in a real browser, in front of a whole platform,
// as customers do: over a network that loses answers, in several tabs, without patience. It also
// takes the screenshots of the documents.
package pages
