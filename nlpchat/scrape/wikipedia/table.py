"""The table of French templates: what each shows, by its name in lower case.

A template that only dresses or doubts its text shows it; one that writes ({{unité}}, {{date}}) has a renderer; one
that is a note, a banner or an icon shows "". One that is not here, nor of a family in `templates`, leaves a HOLE. A row
parts its names by " | ", and a name stands once in the table.
"""

from __future__ import annotations

from nlpchat.scrape.wikipedia import figures as f
from nlpchat.scrape.wikipedia import renderers as r
from nlpchat.scrape.wikipedia.renderers import PIPE, QUOTE, Renderer

Rows = tuple[tuple[Renderer, str], ...]

_DRESSED: Rows = (
    (r.first,
     "nobr | lnobr | nobr rom | nobr romains | nobr r | nobreak | nowrap | insécable | unicode | math | mvar"
     " | mathrm | formule | vecteur | vect | code | touche | menu | surligner | surligné | souligner | souligné"
     " | barrer | barré | gras | italique | petit | petit texte | grand | petites capitales | petite capitale"
     " | smallcaps | sc | pc | cursive | romain | rom | rom-maj | romain majuscule | nombre romain | chiffre romain"
     " | sans italique | police | graphie | texte | span | abréviation | abréviation discrète | abr | abd | abbr"
     " | abrév | infobulle | info-bulle | tooltip | terme défini | tcom | transcription | écrit | latin | grec"
     " | grec ancien | hébreu | arabe | russe | cyrillique | ruby | mot-clé | lettrine | alinéa | pape | saint"
     " | personnage | lc | uc | lcfirst | ucfirst | nom scientifique | taxon | pas de retour à la ligne"),
    # What a reader is warned of: the words are there, the doubt is not for us.
    (r.first,
     "refnec | référence nécessaire | reference nécessaire | référence necessaire | réf nécessaire | refsou"
     " | référence souhaitée | référence insuffisante | référence à confirmer | référence non conforme"
     " | référence obsolète | référence incomplète | source insuffisante | source à préciser | à sourcer"
     " | citation nécessaire | quand | quoi | qui | de qui | selon qui | par qui | où | lequel | laquelle | lesquels"
     " | lesquelles | combien | comment | pourquoi | pas clair | clarifier | précision nécessaire | préciser"
     " | pertinence | pertinence détail | non pertinent | passage évasif | passage promotionnel | passage non neutre"
     " | passage lyrique | passage à actualiser | passage à recycler | passage contradictoire | non neutre | évasif"
     " | à actualiser | inédit | travail inédit | interprétation personnelle | incompréhensible | c'est-à-dire"
     " | attribution nécessaire | à vérifier | trop long | à délister | style à revoir | ton | anachronisme"
     " | contradiction | incohérence | orthographe | formulation | traduction à revoir"),
    (r.second,
     "lang | langue | lang1 | transl | romanisation | couleur | couleurs | color | colour | texte coloré | coloré"
     " | texte de couleur | fond | fond coloré | surligner couleur | taille | style"),
    (r.last, "lien ancre | lien interne | lien page | lien homonyme | page h | page h'"),
    (r.block,
     "énoncé | théorème | retrait | centrer | center | centré | exemple | démonstration | vers | poème | poem"
     " | remarque | preuve | définition | proposition | propriété | lemme | corollaire | paragraphe | justifié"
     " | justifier | bloc | citation bloc sans guillemets"),
    (r.columns,
     "colonnes | colonne | multi-colonnes | liste simple | liste horizontale | liste éclatée | liste à puces | hlist"
     " | plainlist"),
    (r.quotation,
     "citation | citation- | cita | cit | quote | guillemets | guillemet | guil | \" | « | \" \" | citation courte"
     " | cquote"),
    (r.foreign_quotation, "citation étrangère | citation langue | citation bilingue"),
    (r.quotation_block,
     "citation bloc | bloc citation | citation longue | blockquote | citation en exergue | épigraphe"),
    (r.aside, "incise | tiret | incise longue"),
    (r.linked, "lien | lien rouge | interlangue | lien à créer | lien en | ill"),
    (r.sovereign, "noble | noble- | souverain | souverain3 | souverain- | roi | monarque | empereur | prince"),
    (r.sovereign_alone, "souverain2 | noble2 | pape2"),
    (r.named_language, "en lang | en langue | langue avec nom | lang avec nom | en-lang"),
    (r.japanese, "japonais | japonais- | japonais simple | nihongo | sanskrit"),
    (r.chinese, "chinois | chinois- | sinogramme | sinogrammes"),
    (r.korean, "coréen | coréen-"),
    (r.sounds, "api | apib | api-b | apic | msapi | prononciation api | phon | phonétique | ipa | phonème | h api"),
    (r.ship, "navire | nav | bateau"),
    (r.twinned, "jumelage"),
    (r.verse, "bible | verset biblique | référence biblique | coran"),
    (r.around("[", "]"), "crochets | crochet"),
    (r.around("(", ")"), "parenthèses"),
    (r.around(PIPE, PIPE), "abs | valeur absolue"),
)  # fmt: skip

_FIGURES: Rows = (
    (f.date,
     "date | date- | date rép | date républicaine | date de naissance | date de naissance- | date naissance"
     " | date de décès | date de décès- | date décès | date de mort | date sport | date- sport | date en sport"
     " | jour | datej | date jul | date inexacte"),
    (f.hour, "heure | heures | horaire | heure-"),
    (f.century, "s | s- | siècle | siècle- | s' | s-'"),
    (f.century_bc, "-s | -s- | -siècle"),
    (f.century_alone, "s mini | s mini- | smini | -s mini | -s mini-"),
    (f.two_centuries, "s2 | s2- | s3 | s3- | siècles"),
    (f.two_centuries_bc, "-s2 | -s2- | -s3 | -s3-"),
    (f.span_of_centuries, "sp | sp- | sp+"),
    (f.span_of_centuries_bc, "-sp | -sp-"),
    (f.millennium, "mill | mil | mil- | mill- | millénaire | millénaire-"),
    (f.millennium_bc, "-mill | -mil | -mil- | -mill- | -millénaire | -millénaire-"),
    (f.unit,
     "unité | unite | unités | unité- | unité/2 | unit | nombre | nombres | nombre- | nb | num | quantité | mesure"
     " | tmp | température | conversion | convert"),
    (f.sizes(2), "dunité | dimensions | dim"),
    (f.sizes(3), "tunité"),
    (f.only_number, "formatnum | nombre formaté | smn | fmn | nbr | formater nombre"),
    (f.fraction, "frac | fraction | sfrac | dfrac"),
    (f.root, "racine | sqrt | racine carrée"),
    (f.exponent, "exp | exposant | sup | up | puissance"),
    (f.index, "ind | indice | sub"),
    (f.exponent_and_index, "indexp | expind | ind exp | exp ind"),
    (f.joined, "fchim | formule chimique | chem | ch | chimie | formule brute"),
    (f.before("€"), "euro | euros | eur"),
    (f.before("$"), "dollar | dollars | usd | dollar us | dollars us | us$"),
    (f.before("£"), "livre | livre sterling | gbp"),
    (f.before("¥"), "yen | yens"),
    (f.before("CHF"), "franc suisse | francs suisses | chf"),
    (f.before("F"), "franc | francs | franc français"),
    (f.before("%"), "pourcent | pourcentage | pct | %"),
    (f.before("p."), "nb p. | nbp"),
)  # fmt: skip

# Abbreviations, alone or before what they are given: {{p.|12}} is "p. 12", {{Mme|Curie}} "Mme Curie".
_ABBREVIATIONS = (
    ("n°", "n° | numéro | num. | numero | n°-"), ("nos", "n°s | numéros | nos"), ("p.", "p. | p | page | pp."),
    ("vol.", "vol. | vol | volume"), ("t.", "t. | tome | t"), ("chap.", "chap. | chap"), ("fig.", "fig."),
    ("art.", "art."), ("coll.", "coll. | coll"), ("op.", "op. | op | opus"), ("v.", "v. | verset"), ("l.", "l."),
    ("arr.", "arr."), ("ill.", "ill."), ("éd.", "éd. | ed."), ("dir.", "dir. | dir"), ("trad.", "trad. | trad"),
    ("ms.", "ms."), ("f°", "f° | folio"), ("§", "§"), ("env.", "env."), ("hab.", "hab. | hab"), ("in", "in"),
    ("M.", "m. | monsieur"), ("MM.", "mm."), ("Mme", "mme | madame"), ("Mmes", "mmes"), ("Mlle", "mlle | mademoiselle"),
    ("Mlles", "mlles"), ("Me", "me | maître"), ("Mes", "mes"), ("Mgr", "mgr | monseigneur"), ("Dr", "dr | docteur"),
    ("Drs", "drs"), ("Dre", "dre"), ("Pr", "pr | professeur"), ("Prs", "prs"), ("St", "st"), ("Ste", "ste"),
    ("Sts", "sts"), ("Cie", "cie | compagnie"),
    ("Gal", "gal | général"), ("Col", "col | colonel"), ("Cdt", "cdt"), ("Vve", "vve"),
    ("cf.", "cf. | cf"), ("id.", "id."), ("ibid.", "ibid. | ibid | ibidem"), ("ex. :", "ex | ex. | par ex. | p. ex."),
    ("op. cit.", "op. cit. | opcit | op. cit | op cit"), ("loc. cit.", "loc. cit. | loccit"),
    ("c.", "circa | c. | ca."),
    ("apr. J.-C.", "ap. j.-c. | ap jc | apr. j.-c. | apr jc | apjc | ap. jc | apr. jc | ap j-c | après jésus-christ"),
    ("av. J.-C.", "av. j.-c. | av jc | avjc | av. jc | av j-c | avant jésus-christ | avant j.-c."),
    ("av. n. è.", "av. n. è. | av. n.è."), ("HMS", "hms"), ("USS", "uss"), ("SMS", "sms"), ("RMS", "rms"),
    ("HMCS", "hmcs"), ("HMAS", "hmas"), ("SS", "ss"),
)  # fmt: skip
_SUFFIXES = (
    ("er", "er"), ("re", "re | ère | ere"), ("e", "e | ème | eme | ième"), ("es", "èmes | ièmes"), ("nd", "nd"),
    ("nde", "nde"), ("ers", "ers"), ("res", "res"),
)  # fmt: skip

_CONSTANT = (
    ("",
     "sfn | sfnp | sfp | harv | harvsp | harvp | harvnb | , | note | notes | ref | réf | référence | références"
     " | refins | refa | r | rp | ouvrage | article | chapitre | lien web | lien brisé | cite web | cite book | isbn"
     " | issn | doi | lire en ligne | bnf | oclc | pmid | arxiv | bibcode | gallica | plume | commentaire biblio"
     " | prononciation | commentaire biblio srl | écouter | audio | multilien | voir homonymes | voir homonymie"
     " | article détaillé | article connexe | article principal | article général | loupe | portail | ébauche"
     " | autorité | liens | bases | dictionnaires | clr | clear | ancre | anchor | début de colonnes"
     " | fin de colonnes | début citation | fin citation | coord | drapeau | drapeau2 | pdf | autres projets"
     " | interprojet | wiktionnaire | commons | commonscat | source | titre en italique | legende | légende"
     " | légende plume | smiley | section à sourcer | defaultsort | clé de tri | cledetri | displaytitle | mul"
     " | ndlr | ndt | note autre projet | musique | br | saut | toc | sommaire | tdm | semi-protection"
     " | semi-protection longue | article de qualité | bon article"),
    (" ", "nbsp | ensp | thinsp | espace | espaces | espace insécable | écart"),
    ("[…]", "... | … | (...) | [...] | […] | (…) | coupe | coupé | coupure texte | troncature"),
    (", etc.", "etc. | etc | , etc. | , etc"), ("[sic]", "sic | sic ! | sic!"),
    (PIPE, "!"), (PIPE * 2, "!!"), ("=", "= | égal"), (QUOTE, "' | apostrophe"), ("[", "( | crochet ouvrant"),
    ("]", ") | crochet fermant"), (" – ", "– | tiret demi-cadratin"), (" — ", "— | tiret cadratin"),
    ("· ", "· | • | bullet"),
    ("²", "2 | carré | au carré"), ("³", "3 | au cube"), ("CO₂", "co2"), ("H₂O", "h2o"), ("O₂", "o2"), ("CH₄", "ch4"),
    ("♭", "bémol"), ("♯", "dièse"), ("♮", "bécarre"), ("°", "°"), ("°C", "°c"), ("′", "′"), ("×", "×"), ("†", "†"),
    ("M☉", "m☉ | masse solaire"),
)  # fmt: skip

# {{France}} is a flag and the name.
_COUNTRIES = (
    "Afrique du Sud | Albanie | Algérie | Allemagne | Angleterre | Argentine | Australie | Autriche | Belgique | Brésil"
    " | Bulgarie | Cameroun | Canada | Chili | Chine | Colombie | Corée du Sud | Côte d'Ivoire | Croatie | Danemark"
    " | Écosse | Égypte | Espagne | Estonie | États-Unis | Finlande | France | Grèce | Hongrie | Inde | Iran | Irlande"
    " | Islande | Israël | Italie | Japon | Lettonie | Liban | Lituanie | Luxembourg | Madagascar | Mali | Maroc"
    " | Mexique | Monaco | Norvège | Nouvelle-Zélande | Pays-Bas | Pays de Galles | Pérou | Pologne | Portugal | Québec"
    " | République tchèque | Roumanie | Royaume-Uni | Russie | Sénégal | Serbie | Slovaquie | Slovénie | Suède | Suisse"
    " | Tchéquie | Tunisie | Turquie | Ukraine | Union européenne | Uruguay | Venezuela | Viêt Nam"
)


def rows() -> list[tuple[str, Renderer | str]]:
    """Each name with what it shows, in the order of this file; a name that stands twice comes twice."""
    rules: list[tuple[Renderer | str, str]] = [*_DRESSED, *_FIGURES, *_CONSTANT]
    rules += [(r.after(word), names) for word, names in _ABBREVIATIONS]
    rules += [(r.nth_suffix(suffix), names) for suffix, names in _SUFFIXES]
    rules += [(r.language_before(code), f"lang-{code}") for code in r.LANGUAGES]
    rules += [(country, country.lower()) for country in _COUNTRIES.split(" | ")]
    return [(name, rule) for rule, names in rules for name in names.split(" | ")]


TABLE: dict[str, Renderer | str] = dict(rows())
