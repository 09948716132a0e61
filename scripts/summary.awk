# Reads the events of `go test -json` and prints what a person wants of them: the
# line of each package, the output of each failed or skipped test, and a last line
# "N passed, N failed, N skipped" (subtests count). Its status is not 0 if a test
# failed, if none passed, or, with -v strict=true, if one was skipped.

# field returns the string value of a key of the event, still escaped. A quote
# inside a JSON string is escaped, so `"Key":"` can only be the key.
function field(key,    mark, at, rest) {
	mark = "\"" key "\":\""
	at = index($0, mark)
	if (at == 0) return ""
	rest = substr($0, at + length(mark))
	match(rest, /^([^"\\]|\\.)*/)
	return substr(rest, 1, RLENGTH)
}

# plain undoes JSON's escapes.
function plain(s,    out, c) {
	out = ""
	while (match(s, /\\/)) {
		out = out substr(s, 1, RSTART - 1)
		c = substr(s, RSTART + 1, 1)
		s = substr(s, RSTART + 2)
		if (c == "n") out = out "\n"
		else if (c == "t") out = out "\t"
		else if (c == "u") {
			c = tolower(substr(s, 1, 4))
			s = substr(s, 5)
			out = out (c in ascii ? ascii[c] : "?")
		} else if (c != "r" && c != "b" && c != "f") out = out c
	}
	return out s
}

function show(text) {
	printf "%s", text
	fflush()
}

BEGIN {
	for (i = 32; i < 127; i++) ascii[sprintf("%04x", i)] = sprintf("%c", i)
}

!/^\{/ { # not an event: go's own complaint
	if (/^go test exited with/) broken = 1 # it says so of failed tests too
	else show($0 "\n")
	next
}

{
	action = field("Action")
	pkg = field("Package")
	test = field("Test")
	id = pkg SUBSEP test
}

action == "build-output" {
	show(plain(field("Output")))
	next
}

action == "output" && test == "" {
	line = plain(field("Output"))
	if (line ~ /^(ok  |FAIL|panic:|exit status|signal:|---)/ && line != "FAIL\n") show(line)
	else if (line !~ /^(PASS|FAIL|\?   )/) kept[id] = kept[id] line
	next
}

action == "output" {
	line = plain(field("Output"))
	if (line !~ /^ *=== (RUN|PAUSE|CONT|NAME) /) kept[id] = kept[id] line
	next
}

test != "" && (action == "pass" || action == "fail" || action == "skip") {
	count[action]++
	if (action != "pass") show(kept[id])
	delete kept[id]
	next
}

# A package that fails may have tests that never ended, and words of its own.
test == "" && action == "fail" {
	failedPackages++
	for (id in kept) {
		split(id, part, SUBSEP)
		if (part[1] == pkg) {
			show(kept[id])
			delete kept[id]
		}
	}
}

END {
	bad = count["fail"] + 0
	# A package that does not build, or dies, has no failed test to count.
	if (bad == 0) bad = failedPackages + broken
	if (strict == "true" && count["skip"] > 0) print "a skipped test is a failure here: something that the tests need is missing"
	if (count["pass"] + bad + count["skip"] == 0) print "no test ran"
	printf "%d passed, %d failed, %d skipped\n", count["pass"], bad, count["skip"]
	exit (bad > 0 || count["pass"] == 0 || (strict == "true" && count["skip"] > 0))
}
