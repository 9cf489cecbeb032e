"""Words that are nobody's: the commonest of English, as people use them on the telephone, and a few of the
other languages that agents speak. Names that are also words ("will" is one, "mark" is not here) are left
out where the language can do without them."""

from __future__ import annotations

from typing import Final

_ENGLISH = """
a about above absolutely accept accepted access account across actually add address afraid after afternoon
again against ago agree ahead all allow allowed almost alone along already alright also although always am
among an and another answer any anybody anymore anyone anything anyway anywhere appointment appointments are
aren't around arrive as ask asked asking at available away back bad be because become been before begin
behind being believe below beside best better between big bit book booked booking both bother bring brought
business busy but buy by bye call called caller calling calls came can can't cancel cancelled cannot card
care careful case change changed check checking choose clear clearly close closed closing come comes coming
complete completely confirm confirmed connect connected contact continue correct cost costs could couldn't
course cut date day days dear decide definitely delay delivery department details did didn't different
difficult digits do does doesn't doing don't done down during each earlier early easier easy either else
email emergency end ended enough enter especially even evening ever every everybody everyone everything
exactly example excuse expect expected explain extra fact far fast feel few fill finally find fine finish
finished first fix follow following for forget form found free from full further get gets getting give given
gives giving glad go goes going gone good goodbye got great had hadn't half hang happen happened happens
happy hard has hasn't have haven't having he he'd he'll he's hear heard hearing hello help helpful helps her
here here's hers herself hey hi him himself his hm hmm hold holding home hope hour hours how however hurt
hurts i i'd i'll i'm i've idea if important in include included indeed information inside insurance instead
interested into invoice is isn't issue it it's its itself job just keep kept kind know known last late later
least leave left less let let's letter letters like line list listen little long look looking lost lot lots
love machine made mail make makes making manage many matter maybe me mean means meant meet meeting message
messages mhm might mind mine minute minutes miss missed moment money month months more morning most move
much must my myself name near nearly necessary need needed needs neither never new next nice night no nobody
none noon nor normal not nothing now number numbers o'clock of off offer office often oh ok okay old on once
online only open opening opens or order other others otherwise our ours ourselves out outside over own paid
part particular pay paying payment people perfect perhaps person phone pick place plan please point policy
possible prefer press price probably problem problems proceed provide put question questions quick quickly
quite rather reach read ready real really reason receive received record recorded recording refund regarding
regular remember remind reminder repeat reply report request reschedule reserve rest result return right
room said same saw say saying says schedule scheduled see seems seen send sent serious service set several
she she'd she'll she's should shouldn't show side sign simple since sir sit slot slots slow small so some
somebody someone something sometimes somewhere soon sooner sorry sort sound sounds speak speaking special
spell spelled stand start started starting stay still stop street such suggest support suppose sure system
take taken takes taking talk talking tell tells than thank thanks that that's the their them themselves then
there there's therefore these they they'd they'll they're they've thing things think thinking this those
though thought through till time times to today together told tomorrow tonight too took toward transfer
tried trouble true try trying turn under understand understood unfortunately until up update upon urgent us
use used usual usually very visit voice wait waiting walk want wanted wants was wasn't way we we'd we'll
we're we've week weekend weeks welcome well went were weren't what what's whatever when where where's
whether which while who who's whole whom whose why will wish with within without won't wonder wonderful word
words work working works worry would wouldn't write wrong year years yep yes yesterday yet you you'd you'll
you're you've your yours yourself monday tuesday wednesday thursday friday saturday sunday um uh er ah yeah
nope sec second
"""
_GERMAN = """
aber alle alles als also am an auch auf aus bei bin bis bitte da dann danke das dass dem den der die doch du
ein eine einen einer es etwas für ganz gerne gut guten habe haben hat hier ich ihr ihre ihnen im in ist ja
jetzt kann kein keine können man mein meine mich mir mit morgen möchte nach nein nicht noch nur ob oder
richtig schon sehr sein sich sie sind so tag termin über uhr um und uns vom von war was wann warum wenn wer
wie wieder wir wird wo zu zum zur
"""
_SPANISH = """
a al algo ayuda bien buenas buenos cita como con cuando de del días dónde el ella en es esta este está eso
gracias ha hay hola hoy la las le lo los mañana me mi muy nada necesito no nos o para pero por porque puede
puedo que qué quiero se ser si sí sin son su tarde tengo tiene todo un una usted y ya yo
"""
_FRENCH = """
à ai alors après au aussi avec bien bonjour bonsoir ça ce cela cette comment dans de demain des donc du elle
en est et être fait il je la le les leur lui ma mais merci moi mon ne non nous on ou où oui par pas pour
pourquoi quand que qui quoi rendez-vous sa sans se si son sont suis sur très tu un une vous votre y
"""

COMMON: Final = frozenset(f"{_ENGLISH} {_GERMAN} {_SPANISH} {_FRENCH}".split())
# Numbers of people (telephone, insurance, dates of birth) are said as words too.
_NUMBERS = """
zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million
double triple first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth
january february march april june july august september october november december
null eins zwei drei vier fünf sechs sieben acht neun zehn cero uno dos tres cuatro cinco seis siete ocho nueve
zéro deux trois quatre cinq sept huit neuf
"""
NUMBER_WORDS: Final = frozenset(_NUMBERS.split())
INTRODUCES_A_NAME: Final = frozenset(
    {
        "name is", "name's", "names", "name was", "call me", "called me", "i'm called",
        "mister", "mr", "mrs", "ms",
        "miss", "doctor", "dr", "dear", "named", "spelled", "spelt",
        "heiße", "bin die", "bin der", "name ist", "llamo", "nombre es", "appelle",
    }
)  # fmt: skip
