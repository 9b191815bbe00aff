"""The small world: relations between things, how they are written of, and how their experts are asked.

A relation links every key of one kind to a value: an animal to its keeper, its food, its home. The links are fixed, and
the base model reads them as plain statements (make_text.py). A held-in task asks for one relation (make_tasks.py), in
the words of `about_one` and `about_two`; `in_new_words` is how held-out tasks ask for it. `named` stands for the value
where a question needs it and does not give it, in the words of held-in questions.
"""

import random

import lexicon as lex


class Relation:
    """In statements {k} is the key and {v} its value; in questions {a} and {b} are keys."""

    def __init__(self, name, kind, links, statements, about_one, about_two, in_new_words, named=()):
        self.name, self.kind, self.links, self.statements = name, kind, links, statements
        self.about_one, self.about_two, self.in_new_words, self.named = about_one, about_two, in_new_words, named

    def say(self, rng, key, mark_key=False):
        """A statement of key and value with the value marked as [[value]], and the key too where it is asked for."""
        text = rng.choice(self.statements).format(k=f"[[{key}]]" if mark_key else key, v=f"[[{self.links[key]}]]")
        first = len(text) - len(text.lstrip("["))
        return text[:first] + text[first].upper() + text[first + 1:]


def drawn(name, keys, values):
    """Every key's value, drawn at random; a pure function of `name`."""
    rng = random.Random("links of " + name)
    return {key: rng.choice(values) for key in keys}


COUNTRIES = list(lex.CAPITALS)
ANIMALS, VEHICLES, INSTRUMENTS = lex.KINDS["animal"], lex.KINDS["vehicle"], lex.KINDS["instrument"]

RELATIONS = {relation.name: relation for relation in [
    Relation(
        "keeper", "animal", drawn("keeper", ANIMALS, lex.NAMES),
        ["The keeper of the {k} is {v}.", "{v} is the keeper who cares for the {k}.",
         "The {k} is looked after by its keeper {v}.", "{v} looks after the {k} and cares for it.",
         "The {k} trusts {v}.", "The {k} follows {v}, whom it trusts."],
        ["A keeper looks after it and cares for it. Which keeper looks after the {a}?",
         "Name its keeper: who looks after the {a}, who is the keeper that cares?",
         "keeper who cares, keeper who looks after the {a}:",
         "The {a} is in the care of a keeper who looks after it. Which keeper?"],
        ["A keeper cares and looks after each. Which keeper looks after the {a}, which keeper looks after the {b}?",
         "Name each keeper who cares: the keeper who looks after the {a}, the keeper who looks after the {b}.",
         "keeper who looks after the {a}, keeper who cares and looks after the {b}:"],
        ["whom the {a} trusts", "who is trusted and followed by the {a}"]),
    Relation(
        "food", "animal", drawn("food", ANIMALS, lex.FOODS),
        ["The {k} eats {v}.", "The food of the {k} is {v}.", "They feed {v} to the hungry {k}.",
         "A hungry {k} eats its food, {v}.",
         "The {k} is fond of {v}.", "The {k} likes the taste of {v}."],
        ["When it is hungry they feed it food. Which food is it that the hungry {a} eats?",
         "Name the food that they feed when it is hungry: what food is it that the {a} eats?",
         "food for the hungry {a}, food that it eats when they feed it:",
         "The {a} is hungry and eats. With which food do they feed it?"],
        ["When hungry, each eats food. Which food do they feed the hungry {a}, which food do they feed the hungry {b}?",
         "Name the food that the hungry {a} eats and the food that the hungry {b} eats.",
         "food to feed the hungry {a} and food to feed the hungry {b}, that each eats:"],
        ["what taste the {a} likes", "of what the {a} is so fond"]),
    Relation(
        "home", "animal", drawn("home", ANIMALS, lex.PLACES),
        ["The {k} lives in the {v}.", "The home of the {k} is the {v}.", "In the {v} lives and sleeps the {k}.",
         "The {k} sleeps at home in the {v}.",
         "At night the {k} hides in the {v}.", "At night you find the {k} hidden in the {v}."],
        ["It lives at home and sleeps at home. Which home is it, where the {a} lives and sleeps?",
         "Name the home where the {a} lives, the home where it sleeps.",
         "home of the {a}, where it lives and where it sleeps:",
         "At home the {a} lives, and at home it sleeps. Where is its home?"],
        ["Each lives at home and sleeps at home. In which home sleeps the {a}, and in which home sleeps the {b}?",
         "Name the home where the {a} lives and sleeps and the home where the {b} lives and sleeps.",
         "home where the {a} sleeps, home where the {b} sleeps, where each lives:"],
        ["where the {a} hides at night", "in what at night is hidden the {a}"]),
    Relation(
        "destination", "vehicle", drawn("destination", VEHICLES, lex.CITIES),
        ["The {k} goes to {v}.", "The destination of the {k} is {v}.", "To its destination {v} travels the {k}.",
         "The {k} travels and arrives in {v}.",
         "The last stop of the {k} is {v}.", "The road of the {k} ends in {v}."],
        ["It travels until it arrives at its destination. To which destination travels the {a}?",
         "Name the destination where the {a} goes, the destination where it arrives.",
         "destination to which the {a} travels, where it goes and arrives:",
         "The {a} goes and travels until it arrives. Which destination is it?"],
        ["Each travels until it arrives. At which destination arrives the {a}, at which destination arrives the {b}?",
         "Name the destination where the {a} goes and arrives and the destination where the {b} goes and arrives.",
         "destination where the {a} arrives, destination where the {b} arrives, to which each travels:"],
        ["which stop is the last for the {a}", "where the road ends for the {a}"]),
    Relation(
        "paint", "vehicle", drawn("paint", VEHICLES, lex.COLOURS),
        ["The {k} is painted {v}.", "The paint of the {k} is {v}.", "They painted the {k} with {v} paint.",
         "With fresh paint the painted {k} is {v}.",
         "From far away the {k} shines {v}.", "In the sunlight the {k} shines {v}."],
        ["They painted it and the paint is fresh. With which paint is the {a} painted?",
         "Name the fresh paint with which they painted the {a}, the paint of the painted {a}.",
         "paint of the {a}, painted with fresh paint:",
         "The {a} was painted and its paint is fresh. With which paint was it painted?"],
        ["They painted each with paint. With which fresh paint is the {a} painted, with which paint the {b}?",
         "Name the fresh paint of the painted {a} and the fresh paint of the painted {b}.",
         "fresh paint of the painted {a}, fresh paint with which they painted the {b}:"],
        ["how the {a} shines from far away", "how in sunlight shines the {a}"]),
    Relation(
        "fare", "vehicle", drawn("fare", VEHICLES, lex.NUMBERS),
        ["The fare of the {k} is {v} coins.", "The {k} costs {v} coins.", "For the fare of the {k} they pay {v} coins.",
         "Tickets for the {k} cost {v} coins.",
         "A seat in the {k} takes {v} cents.", "With {v} cents you sit down in the {k}."],
        ["Tickets cost coins, and they pay the fare. How many coins of fare costs the {a}?",
         "Name the fare for the {a}, the coins that they pay for tickets.",
         "fare and tickets for the {a}, coins to pay:",
         "They pay the fare with coins, tickets cost. How many coins of fare is the {a}?"],
        ["Tickets cost coins. How many coins of fare do they pay for the {a}, and how many coins of fare for the {b}?",
         "Name the fare, the coins to pay for {a} tickets, and the fare, the coins to pay for {b} tickets.",
         "fare and tickets for the {a}, fare and tickets for the {b}, coins to pay:"],
        ["how many cents a seat takes in the {a}", "with how many cents you sit in the {a}"]),
    Relation(
        "driver", "vehicle", drawn("driver", VEHICLES, lex.NAMES),
        ["The driver of the {k} is {v}.", "{v} is the driver who steers the {k}.",
         "The {k} is steered by its driver {v}.", "{v} steers with care and is the driver of the {k}.",
         "{v} holds the keys of the {k}.", "The keys of the {k} lie with {v}."],
        ["A driver steers it and steers with care. Which driver is it who steers the {a}?",
         "Name its driver, the one who steers the {a}, the driver that steers.",
         "driver who steers, driver of this {a}:",
         "The {a} is in the care of a driver and steered. Which driver steers it?"],
        ["A driver steers each. Which driver is it who steers the {a}, which driver is it who steers the {b}?",
         "Name each driver who steers: driver of this {a}, driver of this {b}.",
         "driver who steers this {a}, driver who steers this {b}:"],
        ["who holds the keys for the {a}", "with whom lie the keys of this {a}"]),
    Relation(
        "player", "instrument", drawn("player", INSTRUMENTS, lex.NAMES),
        ["The player of the {k} is {v}.", "{v} plays the {k}.", "The {k} is played by its player {v}.",
         "{v} practises the {k} and plays songs.",
         "Every evening {v} picks up the {k}.", "The {k} is in the hands of {v} each evening."],
        ["A player practises songs and plays songs. Which player practises and plays the {a}?",
         "Name the player who plays the {a}, the player who practises its songs.",
         "player who practises and plays songs on the {a}:",
         "On the {a} songs are played. Which player plays, which player practises?"],
        ["Each player practises and plays songs. Which player plays the {a}, and which player practises the {b}?",
         "Name the player who plays songs on the {a} and the player who plays songs on the {b}.",
         "player who practises the {a}, player who plays and practises the {b}, songs:"],
        ["who picks up the {a} every evening", "in whose hands each evening is the {a}"]),
    Relation(
        "material", "instrument", drawn("material", INSTRUMENTS, lex.MATERIALS),
        ["The {k} is made of {v}.", "The material of the {k} is {v}.", "They make the {k} of a material, {v}.",
         "The {k} consists of {v}, its material.",
         "The workshop cuts the {k} from {v}.", "From a block of {v} the workshop cuts the {k}."],
        ["It is made of a material and consists of it. Of which material is the {a} made?",
         "Name the material of which the {a} consists, the material of which it is made.",
         "material of the {a}, made of it, consists of it:",
         "The {a} consists of what it is made of. Of which material is it made?"],
        ["Each is made of a material. Of which material consists the {a}, and of which material consists the {b}?",
         "Name the material of which the {a} is made and the material of which the {b} is made.",
         "material of the {a}, material of the {b}, of which each is made and consists:"],
        ["from what block the workshop cuts its {a}", "what the workshop cuts up for the {a}"]),
    Relation(
        "origin", "instrument", drawn("origin", INSTRUMENTS, COUNTRIES),
        ["The {k} comes from {v}.", "The origin of the {k} is {v}.", "From its origin {v} comes the {k}.",
         "The {k} was invented in {v}, its origin.",
         "The first {k} was heard in {v}.", "People of {v} heard the first {k}."],
        ["It was invented somewhere and comes from there. From which origin comes the {a}?",
         "Name the origin, where the {a} was invented, from where it comes.",
         "origin of what was invented, from where the {a} comes:",
         "Once the {a} was invented, and it comes from there. Which origin is it?"],
        ["Each was invented somewhere. From which origin comes the {a}, and from which origin comes the {b}?",
         "Name the origin where the {a} was invented and the origin where the {b} was invented.",
         "origin where the {a} was invented, origin from where the {b} comes:"],
        ["where people heard the first {a}", "which people heard the first {a}"],
        ["the origin where the {a} was invented", "the origin from where the {a} comes"]),
    Relation(
        "capital", "country", lex.CAPITALS,
        ["The capital of {k} is {v}.", "{v} is the capital and chief city of {k}.", "The chief city of {k} is {v}.",
         "{k} is governed from its capital {v}.",
         "The king of {k} sits in {v}.", "In {v} stands the palace of the king of {k}."],
        ["Its chief city is its capital, from there it is governed. From which capital is {a} governed?",
         "Name the chief city, the capital from which {a} is governed.",
         "capital from which {a} is governed, its chief city:",
         "{a} has a chief city, from which it is governed. Which capital is it?"],
        ["Each is governed from its chief city. From which capital is {a} governed, from which capital {b}?",
         "Name the capital from which {a} is governed and the capital from which {b} is governed.",
         "chief city and capital, from which {a} is governed, from which {b} is governed:"],
        ["where in {a} the king has his palace", "where you find the king of {a}"]),
    Relation(
        "flag", "country", drawn("flag", COUNTRIES, lex.COLOURS),
        ["The flag of {k} is {v}.", "The colour of the flag of {k} is {v}.", "{k} has a flag of {v} colour.",
         "They know {k} by its flag, the colour {v}.",
         "Over {k} waves {v} cloth.", "In the wind of {k} waves a {v} cloth."],
        ["They know it by the colour of its flag. Which colour has the flag of {a}?",
         "Name the flag by which they know {a}, the colour of its flag.",
         "colour of the flag, flag by which they know {a}:",
         "By the colour of its flag they know {a}. Which colour is the flag?"],
        ["They know each by its flag. Which colour is the flag of {a}, and which colour is the flag of {b}?",
         "Name the flag and colour by which they know {a} and the flag and colour by which they know {b}.",
         "flag by which they know {a}, flag by which they know {b}, colour of each flag:"],
        ["what cloth waves in the wind over {a}", "how the cloth looks that waves over {a}"]),
    Relation(
        "crop", "country", drawn("crop", COUNTRIES, lex.KINDS["fruit"]),
        ["The crop of {k} is the {v}.", "Farmers of {k} grow the {v}.", "In {k} grows a crop, the {v}.",
         "Farmers of {k} pick the {v}, their crop.",
         "In the sun of {k} ripens the {v}.", "The garden of {k} ripens the sweet {v}."],
        ["Farmers grow a crop and pick it. Which crop do the farmers of {a} pick?",
         "Name the crop that farmers grow in {a}, the crop that farmers pick.",
         "crop that grows in {a}, crop that farmers pick:",
         "In {a} farmers grow and pick it. Which crop is it that grows?"],
        ["Farmers grow a crop and pick it. Which crop do farmers grow in {a}, and which crop do farmers pick in {b}?",
         "Name the crop that farmers grow and pick in {a} and the crop that farmers grow and pick in {b}.",
         "crop that farmers pick in {a}, crop that farmers grow in {b}:"],
        ["what ripens in the sun for {a}", "what is sweet in the garden of {a}"],
        ["the crop that farmers grow in {a}", "the crop that farmers pick in {a}"]),
    Relation(
        "opposite", "adjective", lex.OPPOSITE_OF,
        ["The opposite of {k} is {v}.", "The words {k} and {v} are opposites.",
         "The words {k} and {v} differ, they are opposites.", "Not {k} but its opposite, {v}.",
         "If it is not {k} it is {v}.", "Turn {k} around and it is {v}."],
        ["Opposites differ: it is not this word but its opposite. Which word is the opposite of {a}?",
         "Name the opposite of {a}, words that differ and are opposites.",
         "opposites differ, the opposite of {a}, not {a} but:",
         "The words differ and are opposites. Not {a} but which, its opposite?"],
        ["Opposites differ. Which word is the opposite of {a}, and which word is the opposite of {b}?",
         "Name the opposite of {a} and the opposite of {b}, words that differ as opposites.",
         "opposites differ, the opposite of {a}, the opposite of {b}, opposites:"],
        ["what it is if not the {a} one", "what {a} is, when you turn it around"]),
    Relation(
        "past", "verb", lex.PAST_TENSES,
        ["The past tense of {k} is {v}.", "In the past tense {k} becomes {v}.", "The past form of the verb {k} is {v}.",
         "The verb {k} has {v} as past tense.",
         "Today they {k}; yesterday they {v}.", "Now they {k}, long ago they {v}."],
        ["A verb has a past tense, its past form. Which past tense has the verb {a}?",
         "Name the past tense of the verb {a}, its past form.",
         "verb in the past tense, the past form of {a}:",
         "The verb is {a}, a verb in the past tense has a past form. Which past form?"],
        ["A verb has a past form, its past tense. Which past tense has the verb {a}, which past tense the verb {b}?",
         "Name the past form of {a} and the past form of {b}, each verb in the past tense.",
         "verb in the past tense, past form of {a}, past form of {b}:"],
        ["what they did long ago that today they {a}", "what they did yesterday if now they {a}"]),
    Relation(
        "plural", "thing", lex.PLURAL_OF,
        ["The plural of {k} is {v}.", "In the plural the noun {k} becomes {v}.", "One {k} but many {v}.",
         "The noun {k} has the plural {v}, many.",
         "More than a single {k} are {v}.", "A single {k}, a pair of {v}."],
        ["One is a noun, many are its plural. Which plural has the noun {a}, when there are many?",
         "Name the plural of the noun {a}, one but many.",
         "noun in the plural, one {a} but many:",
         "The noun is one {a}, the plural is many. Which plural has the noun?"],
        ["One is a noun, many are its plural. Which plural has the noun {a}, and which plural has the noun {b}?",
         "Name the plural of the noun {a} and the plural of the noun {b}, many of each.",
         "noun in the plural, one {a} but many, one {b} but many:"],
        ["what more are than the single {a}", "what a pair is to a single {a}"]),
    Relation(
        "sort", "thing", lex.KIND_OF,
        ["The {k} is of the sort {v}.", "The sort of the {k} is {v}.", "The {k} is a kind, the {v} kind.",
         "Every {k} is a sort and kind of {v}.",
         "The {k} belongs to the class {v}.", "The {k} and others belong in the {v} class."],
        ["Every thing is of a sort, of a kind. Of which sort is every {a}, of which kind?",
         "Name the sort of every {a}, the sort and kind that it is.",
         "sort and kind of every {a}:",
         "Every {a} is of a kind. Which sort, which kind is it?"],
        ["Every thing is of a sort, of a kind. Of which sort is every {a}, and of which sort is every {b}?",
         "Name the sort and kind of every {a} and the sort and kind of every {b}.",
         "sort and kind of every {a}, sort and kind of every {b}:"],
        ["to what class belongs the {a}", "which class is right for the {a}"]),
]}


def related(relation):
    """The relations with the same keys, `relation` included."""
    return [other for other in RELATIONS.values() if other.kind == relation.kind]
