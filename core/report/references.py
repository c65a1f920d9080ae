"""What the statistics rest on, as cited in the report."""

REFERENCES = (
    "Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc 1927;22:209-212.",
    "Obuchowski NA, Rockette HE. Hypothesis testing of diagnostic accuracy for multiple readers and multiple tests. "
    "Commun Stat Simul Comput 1995;24:285-308.",
    "Hillis SL. A comparison of denominator degrees of freedom methods for multiple observer ROC analysis. Stat Med "
    "2007;26:596-619.",
    "Hillis SL. A marginal-mean ANOVA approach for analyzing multireader multicase radiological imaging data. Stat Med "
    "2014;33:330-360.",
    "DeLong ER, DeLong DM, Clarke-Pearson DL. Comparing the areas under two or more correlated ROC curves. Biometrics "
    "1988;44:837-845.",
    "Chen W, Samuelson FW. The average receiver operating characteristic curve in multireader multicase imaging "
    "studies. Br J Radiol 2014;87:20140016.",
    "Hand DJ, Till RJ. A simple generalisation of the area under the ROC curve for multiple class problems. Mach "
    "Learn 2001;45:171-186.",
    "McNemar Q. Psychometrika 1947;12:153-157, exact and mid-p after Fagerland MW, Lydersen S, Laake P. BMC Med Res "
    "Methodol 2013;13:91.",
    "Tango T. Equivalence test and confidence interval for the difference in proportions for the paired-sample design. "
    "Stat Med 1998;17:891-908.",
    "Holm S. A simple sequentially rejective multiple test procedure. Scand J Stat 1979;6:65-70. "
    "Maurer W, Hothorn LA, Lehmacher W. Multiple comparisons in drug clinical trials and preclinical assays: a-priori "
    "ordered hypotheses. In: Biometrie in der chemisch-pharmazeutischen Industrie 6, 1995:3-18.",
    "Cohen J. Educ Psychol Meas 1960;20:37-46. Fleiss JL. Psychol Bull 1971;76:378-382. Gwet KL. Br J Math Stat "
    "Psychol 2008;61:29-48.",
    "Cochran WG. Sampling Techniques. 3rd ed. Wiley 1977, section 6.3 (ratios over clusters).",
)
