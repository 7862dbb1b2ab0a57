// Package renew keeps a person's login whole while agents work with it. The
// tokens of a subscription are renewed with one that is good for one use: of
// two programs that use it, the second logs everybody out, and so does one
// whose new tokens are lost.
//
// An agent never gets at the person's file. It works with a copy in its own
// home, and a Keeper outside keeps the two the same:
//
//   - What the program has renewed in its copy is taken over into the person's
//     file, when core/account says that it can come of renewing and the
//     person's file still has the tokens that the copy was made from. If it
//     has others, the person's own are right.
//   - Renewing is done by one at a time, all operations of an account together.
//     The programs read their file before they renew what is in it. So the
//     keeper holds a lease on the copy (fcntl(2), F_SETLEASE): whoever opens
//     it waits until the keeper lets it. The keeper first takes the account's
//     lock, brings the copy up to date, and where the program may renew the
//     tokens now keeps the lock until it has.
//   - A record says which copy was made from which tokens. What a keeper that
//     was killed did not bring home the next one of the account does.
//
// Claude Code has locks of its own beside the person's file, which are folders.
// A keeper takes them with the account's, so that a program that the person
// started waits too.
package renew
