// Package words cuts text into the words by which it is found. Both databases get these
// words, so a search means the same on both.
package words

import (
	"slices"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// maxWord is the longest word, in characters. A longer one is cut, in a text and in a
// search alike.
const maxWord = 64

// Of returns the words of all texts, each once, in the order of their first place: runs
// of letters and digits, in lower case, without marks, in the compatible form of Unicode
// (NFKD). Any text is legal; one that is not UTF-8 is separated where it is not.
func Of(texts ...string) []string {
	var all []string
	known := map[string]bool{}
	var word []rune
	end := func() {
		if s := string(word); s != "" && !known[s] {
			known[s] = true
			all = append(all, s)
		}
		word = word[:0]
	}
	for _, text := range texts {
		for _, r := range norm.NFKD.String(text) {
			switch {
			case unicode.IsMark(r):
			case !unicode.IsLetter(r) && !unicode.IsDigit(r):
				end()
			case len(word) < maxWord:
				word = append(word, unicode.ToLower(r))
			}
		}
		end()
	}
	return all
}

// Query returns the words of a search, at most limit: words that are a prefix of another
// one are left out, because a text with the other one has them.
func Query(text string, limit int) []string {
	all := Of(text)
	kept := slices.DeleteFunc(slices.Clone(all), func(w string) bool {
		return slices.ContainsFunc(all, func(other string) bool { return other != w && len(other) > len(w) && other[:len(w)] == w })
	})
	return kept[:min(len(kept), limit)]
}
