# Reads the events of `go test -json` and prints them for a reader: one line per
# package, the output of each failed or skipped test, a table of the slowest
# packages, and a last line "N passed, N failed, N skipped" (subtests count). Exits
# with an error if a test failed, if none passed, or, with -v strict=true, if one
# was skipped. -v module=PATH shortens the names of packages in the table.

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

# number returns the value of a key of the event that is a number, 0 without it.
function number(key,    mark, at) {
	mark = "\"" key "\":"
	at = index($0, mark)
	return at ? substr($0, at + length(mark)) + 0 : 0
}

# clock returns the time of day of the event in seconds, -1 without one.
function clock(    time) {
	time = field("Time")
	if (!match(time, /T[0-9][0-9]:[0-9][0-9]:[0-9.]+/)) return -1
	time = substr(time, RSTART + 1)
	return substr(time, 1, 2) * 3600 + substr(time, 4, 2) * 60 + substr(time, 7) + 0
}

# name shortens the path of a package to the one below the module.
function name(pkg) {
	if (pkg == module) return "."
	if (index(pkg, module "/") == 1) return substr(pkg, length(module) + 2)
	return pkg
}

# slowest prints the packages that took longest, and the sums over all. Packages
# run beside each other, so their seconds add up to more than the clock shows.
function slowest(    pkg, top, i, total, wall) {
	for (pkg in took) total += took[pkg]
	wall = ended - began
	if (wall < 0) wall += 86400 # past midnight
	printf "\n%-62s %8s %8s\n", "slowest packages", "seconds", "tests"
	for (i = 0; i < 12; i++) {
		top = ""
		for (pkg in took) if (!(pkg in shown) && (top == "" || took[pkg] > took[top])) top = pkg
		if (top == "" || took[top] < 1) break
		shown[top] = 1
		printf "%-62s %8.1f %8d\n", name(top), took[top], tests[top]
	}
	printf "%-62s %8.1f %8d\n\n", "all " packages " packages, in " int(wall + 0.5) " s by the clock", total, count["pass"] + count["fail"] + count["skip"]
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

!/^\{/ { # not an event: a complaint of go itself
	if (/^go test exited with/) broken = 1 # it says so of failed tests, too
	else show($0 "\n")
	next
}

{
	action = field("Action")
	pkg = field("Package")
	test = field("Test")
	id = pkg SUBSEP test
	now = clock()
	if (now >= 0) {
		if (!started++) began = now
		ended = now
	}
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
	if (action == "fail") failedIn[pkg]++
	tests[pkg]++
	if (action != "pass") show(kept[id])
	delete kept[id]
	next
}

test == "" && (action == "pass" || action == "fail") {
	packages++
	took[pkg] += number("Elapsed")
}

# A package that fails may have tests that never ended, and output of its own. One that does
# not build, or dies, has no failed test to count.
test == "" && action == "fail" {
	if (!(pkg in failedIn)) died++
	for (id in kept) {
		split(id, part, SUBSEP)
		if (part[1] == pkg) {
			show(kept[id])
			delete kept[id]
		}
	}
}

END {
	bad = count["fail"] + died
	if (bad == 0) bad = broken + 0
	if (packages > 0) slowest()
	if (strict == "true" && count["skip"] > 0) print "a skipped test is a failure here: something that the tests need is missing"
	if (count["pass"] + bad + count["skip"] == 0) print "no test ran"
	printf "%d passed, %d failed, %d skipped\n", count["pass"], bad, count["skip"]
	exit (bad > 0 || count["pass"] == 0 || (strict == "true" && count["skip"] > 0))
}
