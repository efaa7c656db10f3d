/**
 * The phrases that make a sentence hard to read, and what to write instead. A space in a pattern matches any space, also a line end.
 * Only phrases that are wrong nearly everywhere are here: a phrase with a common good use is left to the reviewer.
 */
export const phrases = [
  // The subject of a sentence must be a noun of the glossary.
  phrase('(whoever|whomever|whosoever)', 'the member that …, the program that …'),
  phrase('(somebody|nobody|anybody|everybody)', 'a member, no member, any client, all members'),
  phrase('(his|her|he|she|him)', 'they, or repeat the noun'),
  phrase('what (stands|goes|comes|becomes|is left|remains|passes)', 'name the subject'),
  phrase('nothing to complain', 'no violations'),
  phrase('those (that|who) (are|were) (gone|left)', 'members that have left'),

  // Plain verbs.
  phrase('(tell|tells|telling|told)', 'send, report, log, return, print'),
  phrase('(hear|hears|hearing)', 'receive'),
  phrase('mend(s|ed|ing)?', 'correct, fix, repair'),
  phrase('(lets|letting|let (?!\\w+ =|[{[]))', 'allow, or name the subject that acts'),
  phrase('(come|comes|came) to', 'reach, become'),
  phrase('(hold|holds|held) to', 'keep, follow'),
  phrase('(bring|brings|brought) about', 'cause'),
  phrase('(put|puts|putting) out', 'remove, print'),
  phrase('(stands|stood) (in|behind|at|on|there|beside|before|after|between|still|under|open|empty)', 'is, is stored'),
  phrase('goes (on|away|out|wrong|without|over)', 'continues, leaves, fails'),
  phrase('of (his|her) own', 'own'),
  phrase('has to do with', 'concerns'),
  phrase('(is|are|was|were) to be', 'must be'),

  // Plain conjunctions and adverbs.
  phrase('no more(?! than| \\w{3,}s\\b)', 'no longer, not'),
  phrase('anew', 'again'),
  phrase('but for', 'except'),
  phrase('in all(?=[.,;:)!?]|$)', 'in total'),
  phrase('meanwhile', 'at the same time, while …'),
  phrase('for good(?=[.,;:)!?]|$)', 'permanently'),
  phrase('by then', 'before that'),
  phrase('so much as', 'even'),
  phrase('as (many|few|much) \\w+ as (may|can) be', 'the limit of …'),
  phrase(
    '(thereof|therein|therefrom|whence|hence|hitherto|lest|ought|shall|save for|whilst|forthwith)',
    'a plain word',
  ),
];

function phrase(pattern, write) {
  return { pattern: new RegExp(`(?<![\\w-])${pattern.replaceAll(' ', '\\s+')}(?![\\w-])`, 'gi'), write };
}
