"""Lines that a page says of itself and nobody wrote: buttons, counters, notices. A whole line must match, so that no sentence of
a person goes because it holds such words.

    >>> is_boilerplate("Lire la suite"), is_boilerplate("j'ai hâte de lire la suite")
    (True, False)
"""

from __future__ import annotations

import re

_FORMS = (
    # buttons
    r"(?:(?:lire|voir|afficher) (?:la suite|plus|moins|tout|l'original|la traduction)|en savoir plus|cliquez ici)",
    r"(?:signaler|partager|commenter|imprimer) (?:un abus|un contenu|cet avis|ce commentaire|la critique|cette critique|par e-?mail)",
    r"(?:partager|suivez-nous|retrouvez-nous) sur (?:facebook|twitter|x|instagram|whatsapp|linkedin)",
    r"(?:se connecter|s'inscrire|s'abonner|créer un compte|mot de passe oublié|retour (?:en haut|à l'accueil|au sommaire))",
    r"\[?modifier(?: \| ?modifier le (?:code|wikicode))?\]?",
    # counters and labels of reviews
    r"(?:cette critique|cet avis|ce commentaire) vous a(?:-t-(?:elle|il))? (?:été )?(?:utile|aidé).*",
    r"\d+ (?:personnes?|internautes?|clients?) (?:ont|a) trouvé (?:cette critique|cet avis|ce commentaire|cela) utile.*",
    r"(?:cette critique|cet avis|ce commentaire) contient (?:des spoilers?|des révélations).*",
    r"spoilers?|(?:achat|avis) vérifié|date de l'expérience|traduit par google|avis laissé sur .{0,40}",
    # notices
    r"(?:©|\(c\)|copyright)\s?.{0,60}|.{0,40}tous droits réservés",
    r"(?:ce site utilise|nous utilisons) des cookies.*",
    r"(?:tout (?:accepter|refuser)|(?:accepter|refuser|gérer) (?:tout|(?:les|mes) cookies))",
    r"mentions légales|politique de confidentialité|conditions générales (?:d'utilisation|de vente)|plan du site|publicité",
    r"(?:veuillez )?activer javascript.*|chargement(?: en cours)?",
)  # fmt: skip
_BOILERPLATE = re.compile(rf"\W*(?:{'|'.join(_FORMS)})\W*")
_LONGEST = 160  # characters: what is longer was written by somebody


def is_boilerplate(line: str) -> bool:
    """Whether the whole line is a page's own."""
    return len(line) <= _LONGEST and bool(_BOILERPLATE.fullmatch(line.casefold().replace("’", "'")))
